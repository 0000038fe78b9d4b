using System.Diagnostics;
using SyncCluster.Cluster.Tests.Load;
using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>A fault of the silos that run scripts, under load.</summary>
[Collection(SharedCluster.Name)]
public abstract class ScriptScenario(ScriptCluster cluster, ITestOutputHelper output) : Scenario(cluster, output)
{
    /// <summary>How soon after a silo's death its waiters must have been attached again.</summary>
    private protected static readonly TimeSpan AttachedAgain = TimeSpan.FromSeconds(10);

    private readonly ITestOutputHelper _output = output;
    private readonly Gate? _gate = ClusterFactAttribute.Missing is null ? new(cluster.Folder) : null;
    private Traffic? _traffic;

    private protected ScriptCluster Cluster => cluster;

    private protected ScriptClients Clients { get; } = new(cluster);

    private protected Gate Gate => _gate!;

    private protected override IReadOnlyCollection<Call> Calls => Clients.All;

    private protected override Task EndAsync()
    {
        Gate.Dispose();
        return StopTrafficAsync();
    }

    /// <summary>Steady calls besides, until the scenario ends.</summary>
    private protected void StartTraffic(int scriptEvery = 5) =>
        _traffic = new(Clients, cluster.Gateways, new Random(Random.Next()), scriptEvery);

    private protected async Task StopTrafficAsync()
    {
        if (_traffic is not null)
        {
            await _traffic.DisposeAsync();
        }
    }

    /// <summary>At least so many waiting jobs that each silo runs as many as it may, and has others queued; none ends before the gate is opened.</summary>
    private protected async Task<IReadOnlyList<Call>> HoldAsync(int count = 90)
    {
        List<Call> calls = [.. Enumerable.Range(0, count).Select(_ => Clients.Call(AnyGateway(), Gate.Name))];
        await Until.TrueAsync(
            () =>
            {
                // Where a job goes is the silos' choice, and for a while they do not choose a newcomer.
                if (cluster.Silos.All(silo => Running(silo).Count >= ScriptCluster.Concurrency))
                {
                    return true;
                }

                calls.Add(Clients.Call(AnyGateway(), Gate.Name));
                return false;
            },
            "every silo runs as many scripts as it may");
        Print($"Every silo was full after {calls.Count} calls.");
        calls.AddRange(Enumerable.Range(0, count / 2).Select(_ => Clients.Call(AnyGateway(), Gate.Name)));
        return calls;
    }

    /// <summary>So many jobs of known addresses that are waited for at a gateway until the gate is opened.</summary>
    private protected async Task<IReadOnlyList<Call>> SubmitAsync(int count, Server gateway)
    {
        Call[] calls = [.. Enumerable.Range(0, count).Select(_ => Clients.Submit(gateway, Gate.Name))];
        await Until.TrueAsync(() => calls.All(call => call.Location.IsCompletedSuccessfully), "the clerk has told the jobs' addresses");
        return calls;
    }

    /// <summary>The calls whose scripts have begun on a silo, and that nobody has the answer of.</summary>
    private protected IReadOnlyList<Call> Running(Server silo)
    {
        var there = Run.All(cluster).Where(run => run.IsOn(silo)).Select(run => run.Id).ToHashSet();
        return [.. Clients.All.Where(call => call.IsOpen && there.Contains(call.Id))];
    }

    /// <summary>How long after a moment the last job was taken over or ended as lost, by the silos' logs, and how many were.</summary>
    private protected (TimeSpan After, int Count) Resolved(long since)
    {
        long[] lines =
        [
            .. cluster.Servers.SelectMany(server => server.Lines).Where(line => line.At >= since
                && (line.Text.Contains("nobody holds it any more: taken over", StringComparison.Ordinal)
                    || line.Text.Contains("is lost with its runner", StringComparison.Ordinal))).Select(line => line.At),
        ];
        return (lines.Length == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(since, lines.Max()), lines.Length);
    }

    /// <summary>Lets all jobs end, waits for all answers and settles the account.</summary>
    /// <param name="allowed">What may have come of a call beside the right answer.</param>
    /// <param name="then">What must hold besides.</param>
    private protected async Task SettleAsync(Outcome allowed, Action? then = null)
    {
        await StopTrafficAsync();
        Gate.Open();
        await SettleAsync(
            () =>
            {
                var killed = cluster.Servers.SelectMany(server => server.Killed).ToHashSet();
                Account.Settle(cluster, Clients, allowed, killed, _output);
                then?.Invoke();
            },
            call => $"its script {(Run.All(cluster).Any(run => run.Id == call.Id) ? "has run" : "has not run")}");
    }
}
