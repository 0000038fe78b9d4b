using System.Text.Json.Nodes;
using SyncCluster.Cluster.Tests.Clusters;
using static SyncCluster.Cluster.Tests.Compatibility.Version01Cluster;

namespace SyncCluster.Cluster.Tests.Compatibility;

/// <summary>The cluster has the default name: the keys are those of version 0.1.</summary>
public sealed class Version01Tests(Version01Cluster cluster) : StoredByVersion01Tests(cluster), IClassFixture<Version01Cluster>
{
    [ClusterFact]
    public async Task What_is_stored_now_has_keys_of_the_same_kinds()
    {
        var recipe = $$"""
            {
              "task": { "name": "new", "type": "script", "script_runas": "sh %script%", "multitasking": false },
              "file": { "filename": "new.sh", "data": "{{Convert.ToBase64String("echo '[]'"u8)}}" }
            }
            """;
        var imported = await Cluster.SendAsync(new("POST", $"/{NewCustomer}/task/import") { Token = NewCustomersToken, Body = recipe });
        var task = (string)JsonNode.Parse(imported.Answer)!["id"]!;
        var called = await Cluster.SendAsync(new("POST", $"/{NewCustomer}/task/{task}/job") { Token = NewCustomersToken, Body = "[]" });
        Assert.Equal(200, called.Status);
        var now = (await StoredKeys.ReadAsync(Cluster.Redis)).Kinds(key => key.Contains($"/{NewCustomer}/", StringComparison.Ordinal));
        var before = (await StoredKeys.ReadAsync(Recorded.PathOf("local.redis.json"))).Kinds(_ => true);
        Assert.Equal(before, now);
    }
}

/// <summary>The cluster had a name of its own, and its keys were renamed.</summary>
public sealed class RenamedVersion01Tests(RenamedVersion01Cluster cluster)
    : StoredByVersion01Tests(cluster), IClassFixture<RenamedVersion01Cluster>;
