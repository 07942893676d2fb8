// Mounts the token view (the module above) on each sample; one that fails leaves the plain text in its place.

{
  const samples = JSON.parse(document.getElementById("sample-data").textContent);
  const template = document.getElementById("token-view");
  const ignored = () => {};
  for (const host of document.querySelectorAll(".view-host")) {
    try {
      const root = host.attachShadow({mode: "open"});
      root.append(template.content.cloneNode(true));
      tokenView({data: samples[host.dataset.sample], parentElement: root, key: `sample-${host.dataset.sample}`,
        setStateValue: ignored, setTriggerValue: ignored});
      host.parentElement.classList.add("live");
    } catch (error) {
      host.remove();
      console.error(error);
    }
  }
  document.documentElement.dataset.mounted = document.querySelectorAll("article.live").length;
}
