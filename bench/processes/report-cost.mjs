/** Loaded into a process by `node --import`: answers when it is asked what it has cost. */
process.on('message', ({ id, type }) => {
  if (type !== 'cost') return;
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  process.send({ id, answer: { cpu: userCPUTime + systemCPUTime, memory: process.memoryUsage.rss() / 1024 } });
});
// The process must end as it would without this.
process.channel?.unref();
