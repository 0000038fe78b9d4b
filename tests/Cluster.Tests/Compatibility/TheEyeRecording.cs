using SyncCluster.Harness;
using SyncCluster.TheEye.Faults;
using static SyncCluster.Cluster.Tests.Compatibility.Version01TheEyeCluster;

namespace SyncCluster.Cluster.Tests.Compatibility;

/// <summary>
/// Has a cluster in front of TheEye store something of each kind, kills it while it releases a job, and records all that is left.
/// </summary>
public sealed class TheEyeRecording : IAsyncLifetime
{
    internal const string NotReleased = "not released";
    internal const string GivenUp = "given up, and its key still names it";
    internal const string Freed = "given up, and its key is free";

    private readonly EmptyCluster _cluster = new();

    public Task InitializeAsync() => _cluster.InitializeAsync();

    public Task DisposeAsync() => _cluster.DisposeAsync().AsTask();

    [RecordingFact]
    public async Task Record()
    {
        var (jobs, repeats) = await EndedAsync();
        await GiveUpAsync(Call(Freed, "order-2"));
        var (key, whileBound) = await GiveUpAsync(Call(GivenUp, "order-3"));

        var release = FaultGate.BeforeActing();
        _cluster.TheEye.Faults.Always(Step.Synced, release);
        var notReleased = await _cluster.SendAsync(Call(NotReleased, "order-4") with { Prefer = "respond-async" });
        await release.Arrived;
        foreach (var server in _cluster.Servers)
        {
            server.Kill();
        }

        // What a gateway leaves that dies after the end of the job was stored and before its key was freed.
        var stored = await StoredKeys.ReadAsync(_cluster.Redis);
        stored[key] = whileBound;
        var unfinished = new Dictionary<string, Exchange>
        {
            [NotReleased] = notReleased,
            [GivenUp] = Call(GivenUp, "order-3"),
            [Freed] = Call(Freed, "order-2"),
        };
        await Recorded.WriteAsync("theeye", new() { Jobs = jobs, Repeats = repeats, Unfinished = unfinished }, stored);
    }

    /// <summary>Asks for jobs that have ended and that TheEye has deleted, and repeats the call of one.</summary>
    private async Task<(Exchange[] Jobs, Exchange[] Repeats)> EndedAsync()
    {
        Exchange[] calls =
        [
            await _cluster.SendAsync(Call("succeed")),
            await _cluster.SendAsync(Call("fail")),
            await _cluster.SendAsync(Call("succeed", "order-1")),
        ];
        var exchanges = new List<Exchange>();
        foreach (var job in calls.Select(call => call.JobId!))
        {
            _cluster.TheEye.Delete(job);
            foreach (var query in (string[])["", "?result", "?full", "?parse"])
            {
                exchanges.Add(await _cluster.SendAsync(new("GET", $"/{Customer}/job/{job}/result{query}") { Token = Token }));
            }
        }

        return ([.. exchanges], [await _cluster.SendAsync(Call("succeed", "order-1")), await _cluster.SendAsync(Call("another", "order-1"))]);
    }

    /// <summary>Sends a call with a key that waits less than TheEye needs to make its job, and waits until the key is free again.</summary>
    /// <returns>What was stored for the key before that.</returns>
    private async Task<(string Key, StoredKeys.Entry Bound)> GiveUpAsync(Exchange call)
    {
        var before = await StoredKeys.ReadAsync(_cluster.Redis);
        var made = FaultGate.BeforeAnswering();
        _cluster.TheEye.Faults.Next(Step.Create, made);
        Assert.Equal(504, (await _cluster.SendAsync(call with { Prefer = "wait=1" })).Status);
        made.Open();

        KeyValuePair<string, StoredKeys.Entry>[] bound = [];
        await Eventually.TrueAsync(
            async () => (bound = [.. (await StoredKeys.ReadAsync(_cluster.Redis)).Where(stored => !before.ContainsKey(stored.Key))]).Length == 1,
            "the key names the job");
        var (key, whileBound) = bound[0];
        await Eventually.TrueAsync(async () => (await StoredKeys.ReadAsync(_cluster.Redis))[key].Etag != whileBound.Etag, "the key is free");
        return (key, whileBound);
    }

    private static Exchange Call(string argument, string? key = null) =>
        new("POST", $"/{Customer}/task/{TaskId}/job") { Token = Token, Key = key, Body = $$"""{"task_arguments":["{{argument}}"]}""" };

    /// <summary>The version that is recorded, on an empty Redis.</summary>
    private sealed class EmptyCluster : Version01TheEyeCluster
    {
        private protected override IReadOnlyList<string> SiloProgram => RecordingFactAttribute.SiloProgram;

        private protected override IReadOnlyList<string> GatewayProgram => RecordingFactAttribute.GatewayProgram;

        /// <summary>A call that is to be given up ends before a request to TheEye does.</summary>
        private protected override string[] MoreSettings => ["--Waiting:Patience=00:00:01"];

        private protected override Task PrepareAsync() => Task.CompletedTask;
    }
}
