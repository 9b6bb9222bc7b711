/** Loaded into a process by `node --import`: replies with its cost when it is asked. */
process.on('message', ({ id, type }) => {
  if (type !== 'cost') return;
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  process.send({ id, result: { cpu: userCPUTime + systemCPUTime, memory: process.memoryUsage.rss() / 1024 } });
});
// The process must end as it would without this.
process.channel?.unref();
