using System.Text.Json.Nodes;
using YamlDotNet.RepresentationModel;

namespace SyncCluster.Hosting.Tests;

/// <summary>What operators are given to watch a cluster: it can be read, and its parts fit together. Alerts have tests of their own, by promtool.</summary>
public sealed class ObservabilityFilesTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "deploy");

    [Fact]
    public void The_dashboard_has_what_an_import_into_Grafana_needs()
    {
        var dashboard = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "observability/grafana/dashboards/synccluster.json")))!;
        Assert.Equal(("SyncCluster", "synccluster", null), ((string)dashboard["title"]!, (string)dashboard["uid"]!, dashboard["id"]));
        Assert.InRange((int)dashboard["schemaVersion"]!, 36, 50);
        var source = Assert.Single(dashboard["templating"]!["list"]!.AsArray())!;
        Assert.Equal(("datasource", "datasource", "prometheus"), ((string)source["name"]!, (string)source["type"]!, (string)source["query"]!));

        var panels = dashboard["panels"]!.AsArray().Select(panel => panel!).ToArray();
        Assert.Equal(panels.Length, panels.Select(panel => (int)panel["id"]!).Distinct().Count());
        var places = new HashSet<(int, int)>();
        Assert.All(panels, panel =>
        {
            Assert.Contains((string)panel["type"]!, (string[])["row", "timeseries", "stat"]);
            Assert.NotEmpty((string)panel["title"]!);
            var place = panel["gridPos"]!;
            foreach (var x in Enumerable.Range((int)place["x"]!, (int)place["w"]!))
            {
                Assert.InRange(x, 0, 23);
                foreach (var y in Enumerable.Range((int)place["y"]!, (int)place["h"]!))
                {
                    Assert.True(places.Add((x, y)), $"{panel["title"]} lies over another panel.");
                }
            }
        });
        Assert.All(panels.Where(panel => (string)panel["type"]! != "row"), panel =>
        {
            Assert.NotEmpty((string)panel["description"]!);
            Assert.NotEmpty((string)panel["fieldConfig"]!["defaults"]!["unit"]!);
            var targets = panel["targets"]!.AsArray();
            Assert.Equal(targets.Count, targets.Select(target => (string)target!["refId"]!).Distinct().Count());
            Assert.All(targets, target =>
            {
                Assert.NotEmpty((string)target!["expr"]!);
                Assert.Equal(("prometheus", "${datasource}"), ((string)target["datasource"]!["type"]!, (string)target["datasource"]!["uid"]!));
            });
        });
    }

    [Fact]
    public void Each_alert_has_a_severity_and_a_chapter_that_says_what_to_do()
    {
        var rules = Sequence(Sequence(Read("observability/alerts.yml"), "groups").Single(), "rules").ToArray();
        var chapters = File.ReadLines(Path.Combine(Folder, "operations.md")).Where(line => line.StartsWith("### SyncCluster", StringComparison.Ordinal));
        Assert.Equal(rules.Select(rule => $"### {Text(rule, "alert")}").Order(), chapters.Order());
        Assert.All(rules, rule =>
        {
            Assert.Contains(Text(rule["labels"], "severity"), (string[])["warning", "critical"]);
            Assert.NotEmpty(Text(rule["annotations"], "summary"));
            Assert.Equal($"docs/operations.md#{Text(rule, "alert").ToLowerInvariant()}", Text(rule["annotations"], "runbook"));
        });
    }

    [Fact]
    public void Compose_adds_to_services_that_exist_and_mounts_files_that_exist()
    {
        var added = (YamlMappingNode)Read("docker-compose.observability.yml")["services"];
        var own = (YamlMappingNode)Read("docker-compose.yml")["services"];
        string[] observed = ["silo", "gateway1", "gateway2"];
        string[] names = [.. added.Children.Keys.Select(name => $"{name}")];
        Assert.Equal(observed.Concat(["collector", "prometheus", "grafana"]), names);
        Assert.All(observed, name => Assert.True(own.Children.ContainsKey(name)));
        foreach (var mounted in names.Except(observed).SelectMany(name => Sequence(added[name], "volumes")).Select(volume => $"{volume}".Split(':')[0]))
        {
            Assert.True(
                !mounted.StartsWith('.') || Directory.Exists(Path.Combine(AppContext.BaseDirectory, mounted)), $"{mounted} is mounted and does not exist.");
        }

        // What all of them are told is where the collector listens, and Prometheus asks where it shows the metrics.
        Assert.EndsWith(":4317", Text(added["silo"]["environment"], "OTEL_EXPORTER_OTLP_ENDPOINT"), StringComparison.Ordinal);
        var collector = Read("observability/collector.yml");
        Assert.EndsWith(":4317", Text(collector["receivers"]["otlp"]["protocols"]["grpc"], "endpoint"), StringComparison.Ordinal);
        Assert.EndsWith(":8889", Text(collector["exporters"]["prometheus"], "endpoint"), StringComparison.Ordinal);
        Assert.Contains("collector:8889", File.ReadAllText(Path.Combine(Folder, "observability/prometheus.yml")), StringComparison.Ordinal);
        foreach (var (_, pipeline) in ((YamlMappingNode)collector["service"]["pipelines"]).Children)
        {
            Assert.All((string[])["receivers", "processors", "exporters"], kind =>
                Assert.All(Sequence(pipeline, kind), part => Assert.True(((YamlMappingNode)collector[kind]).Children.ContainsKey(part))));
        }
    }

    [Fact]
    public void Autoscaling_names_the_deployment_of_the_silos_and_takes_none_of_its_replicas()
    {
        var scaled = Read("autoscaling/silos.yaml")["spec"];
        var silo = Read("../kubernetes/silo.yaml");
        Assert.Equal(Text(silo["metadata"], "name"), Text(scaled["scaleTargetRef"], "name"));
        Assert.Equal(Text(silo, "kind"), Text(scaled["scaleTargetRef"], "kind"));
        Assert.Equal(Text(silo["spec"], "replicas"), Text(scaled, "minReplicaCount"));
    }

    private static YamlNode Read(string file)
    {
        using var reader = File.OpenText(Path.Combine(Folder, file));
        var yaml = new YamlStream();
        yaml.Load(reader);
        return yaml.Documents[0].RootNode;
    }

    private static IEnumerable<YamlNode> Sequence(YamlNode node, string name) => ((YamlSequenceNode)node[name]).Children;

    private static string Text(YamlNode node, string name) => ((YamlScalarNode)node[name]).Value!;
}
