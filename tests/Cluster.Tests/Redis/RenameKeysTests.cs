using StackExchange.Redis;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness.Processes;
using SyncCluster.Hosting.Clustering;

namespace SyncCluster.Cluster.Tests.Redis;

/// <summary>The command that renames the keys of a cluster of version 0.1. None of these tests needs more of it than its keys.</summary>
public sealed class RenameKeysTests : IAsyncLifetime
{
    private const string Record = "synccluster/state/job/acme/0123456789abcdef01234567/job";
    private const string Renamed = "blue/state/job/acme/0123456789abcdef01234567/job";
    private const string Left = """{"Status":6,"IAmAliveTime":"2026-11-26T00:00:00Z"}""";
    private const string Active = """{"Status":3,"IAmAliveTime":"2026-11-26T00:00:00Z"}""";

    private readonly DemoCluster _cluster = new();

    private IDatabase Database => _cluster.Redis.Database;

    public async Task InitializeAsync()
    {
        if (ClusterFactAttribute.SkipReason is null)
        {
            await _cluster.Redis.StartAsync();
            await Database.HashSetAsync(Record, [new("etag", "1"), new("data", "a job")]);
            await Database.KeyExpireAsync(Record, TimeSpan.FromHours(24));
        }
    }

    public Task DisposeAsync() => _cluster.DisposeAsync().AsTask();

    [ClusterFact]
    public async Task Records_keep_their_content_and_their_time_to_live()
    {
        await JoinAsync("blue", Left);
        Assert.Equal((0, "1 keys were renamed: they are those of the cluster `blue` now."), await RenameKeysAsync());
        Assert.False(await Database.KeyExistsAsync(Record));
        Assert.Equal("a job", await Database.HashGetAsync(Renamed, "data"));
        Assert.InRange((await Database.KeyTimeToLiveAsync(Renamed))!.Value, TimeSpan.FromHours(23), TimeSpan.FromHours(24));
        Assert.Equal((0, "Nothing is to be renamed for the cluster `blue`."), await RenameKeysAsync());
    }

    [ClusterFact]
    public async Task Nothing_is_renamed_while_a_silo_runs_and_a_killed_one_does_not_hinder()
    {
        await JoinAsync("blue", Active);
        using var stop = new CancellationTokenSource();
        var alive = StayAliveAsync(stop.Token);
        var (exitCode, output) = await RenameKeysAsync();
        await stop.CancelAsync();
        await alive;
        Assert.Equal((1, "The cluster `blue` runs (S127.0.0.1:11111:1): stop all its servers and run the command again."), (exitCode, output));
        Assert.True(await Database.KeyExistsAsync(Record));

        Assert.Equal(0, (await RenameKeysAsync()).ExitCode);
        Assert.True(await Database.KeyExistsAsync(Renamed));
    }

    [ClusterFact]
    public async Task An_interrupted_renaming_keeps_servers_from_starting_until_it_is_done()
    {
        await JoinAsync("blue", Left);
        await Database.StringSetAsync(Renamed, "in the way");
        var (exitCode, output) = await RenameKeysAsync();
        Assert.Equal(1, exitCode);
        Assert.StartsWith("0 keys were renamed, 1 were not: keys of these names exist.", output, StringComparison.Ordinal);
        Assert.Contains("Not all keys of the cluster `blue` have been renamed", (await StartSiloAsync()).Output, StringComparison.Ordinal);

        await Database.KeyDeleteAsync(Renamed);
        Assert.Equal(0, (await RenameKeysAsync()).ExitCode);
        Assert.True(await Database.KeyExistsAsync(Renamed));
        await _cluster.NewSilo("silo", "--Cluster:Name=blue").StartAsync();
    }

    [ClusterFact]
    public async Task Records_that_clusters_shared_are_renamed_only_for_the_one_that_is_to_have_them()
    {
        await JoinAsync("blue", Left);
        await JoinAsync("synccluster", Left);
        var (exitCode, output) = await RenameKeysAsync();
        Assert.Equal(1, exitCode);
        Assert.StartsWith(
            "Version 0.1 stored the jobs and tasks of the cluster `blue` together with those of `synccluster`.", output, StringComparison.Ordinal);

        Assert.Equal((0, "The cluster `blue` starts without any jobs and tasks."), await RenameKeysAsync("none"));
        Assert.True(await Database.KeyExistsAsync(Record));

        await JoinAsync("green", Left);
        Assert.Equal((0, "1 keys were renamed: they are those of the cluster `green` now."), await RenameKeysAsync("all", "green"));
        Assert.False(await Database.KeyExistsAsync(Record));
    }

    [ClusterTheory]
    [InlineData("Silo")]
    [InlineData("Gateway")]
    public async Task A_server_does_not_start_on_records_of_version_0_1_that_have_other_keys(string program)
    {
        await JoinAsync("blue", Left);
        var (exitCode, output) = await StartAsync(program == "Silo" ? ServerPrograms.Silo : ServerPrograms.Gateway);
        Assert.Equal(1, exitCode);
        Assert.Contains(
            "can't start: Version 0.1 has stored jobs and tasks for the cluster `blue` under keys without its name. Stop all servers of the cluster, "
            + "run `dotnet SyncCluster.Silo.dll rename-keys`",
            output,
            StringComparison.Ordinal);
        Assert.True(await Database.KeyExistsAsync(Record));
    }

    [ClusterFact]
    public async Task A_server_of_version_0_1_can_not_join_under_the_name_of_a_cluster_of_this_version()
    {
        await _cluster.NewSilo("silo", "--Cluster:Name=blue").StartAsync();

        // What version 0.1 begins with, as every server of Orleans.
        var refused = await Assert.ThrowsAsync<RedisServerException>(
            () => Database.HashSetAsync("synccluster/members/blue", "Version", "0", When.NotExists));
        Assert.StartsWith("WRONGTYPE", refused.Message, StringComparison.Ordinal);
    }

    [ClusterFact]
    public async Task A_silo_that_has_joined_since_the_membership_was_read_keeps_its_records()
    {
        await JoinAsync("blue", Left);
        var before = await Membership.ReadAsync(Database, "synccluster/members/blue");
        await Database.HashSetAsync("synccluster/members/blue", [new("Version", "5"), new("S127.0.0.1:11111:2", Active)]);
        var claim = new NameClaim(Database, "blue");
        Assert.False(await claim.BeginRenamingAsync(before));
        Assert.False(await claim.LeaveRecordsAsync(before));
        Assert.Equal(3, await Database.HashLengthAsync("synccluster/members/blue"));
    }

    /// <summary>Makes the membership that a cluster of version 0.1 has.</summary>
    private Task JoinAsync(string name, string silo) =>
        Database.HashSetAsync($"synccluster/members/{name}", [new("Version", "4"), new("S127.0.0.1:11111:1", silo)]);

    /// <summary>Changes the row of the silo, as it does itself while it runs.</summary>
    private async Task StayAliveAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        for (var second = 0; !stop.IsCancellationRequested; second++)
        {
            var row = Active.Replace("00:00:00", $"00:00:{second % 60:00}", StringComparison.Ordinal);
            await Database.HashSetAsync("synccluster/members/blue", "S127.0.0.1:11111:1", row);
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private Task<(int ExitCode, string Output)> RenameKeysAsync(string? choice = null, string name = "blue") => _cluster.RunAsync(
    [
        .. ServerPrograms.Silo, "rename-keys", .. choice is null ? [] : (string[])[choice],
        $"--Cluster:Redis={_cluster.Redis.Endpoint}", $"--Cluster:Name={name}",
    ]);

    private Task<(int ExitCode, string Output)> StartSiloAsync() => StartAsync(ServerPrograms.Silo);

    private Task<(int ExitCode, string Output)> StartAsync(IReadOnlyList<string> program) =>
        _cluster.RunAsync([.. program, ServerPrograms.AnyPort, $"--Cluster:Redis={_cluster.Redis.Endpoint}", "--Cluster:Name=blue"]);
}
