using System.Diagnostics;
using SyncCluster.Cluster.Tests.Load;
using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>A fault of the shared cluster under load, and the account of what came of each call.</summary>
[Collection(SharedCluster.Name)]
public abstract class Scenario(ProcessCluster cluster, ITestOutputHelper output) : IAsyncLifetime
{
    /// <summary>How soon after a silo's death its waiters must have been attached again.</summary>
    private protected static readonly TimeSpan AttachedAgain = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(90);

    private readonly long _begun = Stopwatch.GetTimestamp();
    private readonly Gate? _gate = ClusterFactAttribute.Missing is null ? new(cluster.Folder) : null;
    private Traffic? _traffic;
    private bool _settled;

    private protected ProcessCluster Cluster => cluster;

    private protected Random Random { get; private set; } = null!;

    private protected Clients Clients { get; } = new(cluster);

    private protected Gate Gate => _gate!;

    public async Task InitializeAsync()
    {
        if (ClusterFactAttribute.Missing is not null)
        {
            return;
        }

        await cluster.RestoreAsync();
        var seed = int.TryParse(Environment.GetEnvironmentVariable("SYNCCLUSTER_SEED"), out var given) ? given : Random.Shared.Next();
        Random = new(seed);
        Print($"Seed {seed} (SYNCCLUSTER_SEED sets it).");
    }

    public async Task DisposeAsync()
    {
        if (_gate is null)
        {
            return;
        }

        _gate.Dispose();
        await StopTrafficAsync();
        if (!_settled || Environment.GetEnvironmentVariable("SYNCCLUSTER_LOGS") is not null)
        {
            foreach (var call in Clients.All.Where(call => call.IsOpen))
            {
                call.HangUp();
            }

            var logs = Directory.CreateTempSubdirectory("synccluster-chaos-log-").FullName;
            Print($"The servers' logs are in {logs}, with the time since the scenario's begin.");
            foreach (var server in cluster.Servers)
            {
                await File.WriteAllLinesAsync(
                    Path.Combine(logs, server.Name.Replace(' ', '-')), server.Lines.Select(line => $"{Stopwatch.GetElapsedTime(_begun, line.At).TotalSeconds:F1} {line.Text}"));
            }
        }

        Print("Done.");
    }

    private protected void Print(string text) => output.WriteLine($"{Stopwatch.GetElapsedTime(_begun).TotalSeconds,6:F1} s  {text}");

    private protected Server AnyGateway() => cluster.Gateways[Random.Next(cluster.Gateways.Count)];

    private protected Server AnySilo() => cluster.Silos[Random.Next(cluster.Silos.Count)];

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
                if (cluster.Silos.All(silo => Running(silo).Count >= ProcessCluster.Concurrency))
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

    private protected static Task AnsweredAsync(IEnumerable<Call> calls, string which) =>
        Until.TrueAsync(() => calls.All(call => !call.IsOpen), $"{which} are answered");

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
        try
        {
            await Task.WhenAll(Clients.All.Select(call => call.Answer)).WaitAsync(AnswerLimit);
        }
        catch (TimeoutException)
        {
            var ran = Run.All(cluster).Select(run => run.Id).ToHashSet();
            var open = Clients.All.Where(call => call.IsOpen).ToArray();
            Assert.Fail($"{open.Length} calls have no answer:\n{string.Join('\n', open.Take(20).Select(
                call => $"{call.Id} since {Stopwatch.GetElapsedTime(call.Begun).TotalSeconds:F1} s, its script {(ran.Contains(call.Id) ? "has run" : "has not run")}"))}");
        }

        var killed = cluster.Servers.SelectMany(server => server.Killed).ToHashSet();
        Account.Settle(cluster, Clients, allowed, killed, output);
        then?.Invoke();
        _settled = true;
    }
}
