using System.Diagnostics;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>A fault of the cluster that runs scripts, under load.</summary>
[Collection(SharedCluster.Name)]
public abstract class ScriptScenario(ScriptCluster cluster, ITestOutputHelper output) : Scenario(cluster, output)
{
    /// <summary>
    /// How soon after the death of a silo its jobs must have been attached to again: half of what it takes where that happens each minute only.
    /// </summary>
    private protected static readonly TimeSpan ReattachLimit = TimeSpan.FromSeconds(30);

    private readonly ITestOutputHelper _output = output;
    private readonly ScriptLatch? _latch = ClusterFactAttribute.SkipReason is null ? new(cluster.Folder) : null;
    private BackgroundCalls? _backgroundCalls;

    private protected ScriptCluster Cluster => cluster;

    private protected ScriptClients Clients { get; } = new(cluster);

    /// <summary>What scripts may wait for; it is opened by the audit at the latest.</summary>
    private protected ScriptLatch Latch => _latch!;

    private protected override IReadOnlyCollection<Call> Calls => Clients.All;

    private protected override Task CleanUpAsync()
    {
        Latch.Dispose();
        return StopBackgroundCallsAsync();
    }

    /// <summary>Makes steady calls besides, until the scenario ends.</summary>
    private protected void StartBackgroundCalls(int scriptEvery = 5) =>
        _backgroundCalls = new(Clients, cluster.Gateways, new Random(Random.Next()), scriptEvery);

    private protected async Task StopBackgroundCallsAsync()
    {
        if (_backgroundCalls is not null)
        {
            await _backgroundCalls.DisposeAsync();
        }
    }

    /// <summary>Makes calls until each silo runs as many scripts as it may and has others queued. No job ends before the latch is opened.</summary>
    private protected async Task<IReadOnlyList<Call>> FillSilosAsync(int count = 90)
    {
        List<Call> calls = [.. Enumerable.Range(0, count).Select(_ => Clients.Call(RandomGateway(), Latch.Name))];
        await Eventually.TrueAsync(
            () =>
            {
                // The silos choose where a job runs, and for a while they do not choose one that has joined.
                if (cluster.Silos.All(silo => RunningOn(silo).Count >= ScriptCluster.Concurrency))
                {
                    return true;
                }

                calls.Add(Clients.Call(RandomGateway(), Latch.Name));
                return false;
            },
            "every silo runs as many scripts as it may");
        Print($"Every silo was full after {calls.Count} calls.");
        calls.AddRange(Enumerable.Range(0, count / 2).Select(_ => Clients.Call(RandomGateway(), Latch.Name)));
        return calls;
    }

    /// <summary>Makes calls whose jobs have known addresses and run until the latch is opened. Their clients wait at the gateway.</summary>
    private protected async Task<IReadOnlyList<Call>> SubmitAsync(int count, Server gateway)
    {
        Call[] calls = [.. Enumerable.Range(0, count).Select(_ => Clients.Submit(gateway, Latch.Name))];
        await Eventually.TrueAsync(() => calls.All(call => call.Location.IsCompletedSuccessfully), "the addresses of the jobs are known");
        return calls;
    }

    /// <summary>The open calls whose scripts have begun on a silo.</summary>
    private protected IReadOnlyList<Call> RunningOn(Server silo)
    {
        var begun = ScriptRun.All(cluster).Where(run => run.IsOn(silo)).Select(run => run.CallId).ToHashSet();
        return [.. Clients.All.Where(call => call.IsOpen && begun.Contains(call.Id))];
    }

    /// <summary>How many jobs were taken over or ended as lost since a moment, and how long after it the last one was, by the logs of the silos.</summary>
    private protected (TimeSpan After, int Count) ResolvedJobs(long since)
    {
        long[] lines =
        [
            .. cluster.Servers.SelectMany(server => server.Lines).Where(line => line.At >= since
                && (line.Text.Contains("taken over", StringComparison.Ordinal)
                    || line.Text.Contains("is lost with its runner", StringComparison.Ordinal))).Select(line => line.At),
        ];
        return (lines.Length == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(since, lines.Max()), lines.Length);
    }

    /// <summary>Lets all jobs end, waits for all answers and audits them.</summary>
    /// <param name="allowed">The outcomes that are allowed beside the right answer.</param>
    /// <param name="then">Checks more.</param>
    private protected async Task AuditAsync(Outcome allowed, Action? then = null)
    {
        await StopBackgroundCallsAsync();
        Latch.Open();
        await AuditAsync(
            () =>
            {
                var killed = cluster.Servers.SelectMany(server => server.KilledProcesses).ToHashSet();
                ScriptCallAudit.Check(cluster, Clients, allowed, killed, _output);
                then?.Invoke();
            },
            call => $"its script {(ScriptRun.All(cluster).Any(run => run.CallId == call.Id) ? "has run" : "has not run")}");
    }
}
