/** The path at which clients of the Model Context Protocol find the workflows. */
export const MCP_PATH = '/mcp';
