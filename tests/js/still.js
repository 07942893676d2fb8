// What fades or moves has come to its end, at once; what turns for ever is left to it.
async () => {
  await new Promise(requestAnimationFrame);
  for (const one of document.getAnimations()) if (one.effect.getComputedTiming().iterations < 2) one.finish();
  await new Promise(requestAnimationFrame);
}
