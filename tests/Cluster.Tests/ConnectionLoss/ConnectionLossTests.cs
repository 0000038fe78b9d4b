using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Cluster.Tests.Scenarios;

namespace SyncCluster.Cluster.Tests.ConnectionLoss;

/// <summary>
/// Clients that lose their connections and retry their calls with their keys, while gateways and silos are killed. It takes real processes: broken TCP
/// connections, SIGKILL and SIGSTOP are what is tested, and a TestingHost cluster has none of them. <c>SYNCCLUSTER_CUTOFF_ROUNDS</c> sets the number of
/// calls; the default is for every run of the tests. The same seed gives the same calls, breaks and faults, though not at the same moments.
/// </summary>
public sealed class ConnectionLossTests(ScriptCluster cluster, ITestOutputHelper output) : ScriptScenario(cluster, output)
{
    private const int Concurrency = 32;

    private static readonly TimeSpan BetweenFaults = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan GatewayFreeze = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SiloFreeze = TimeSpan.FromSeconds(1.5);

    private readonly ConcurrentDictionary<string, int> _counts = new();

    [ClusterFact]
    public async Task A_client_that_retries_with_its_key_whenever_its_connection_breaks_gets_the_right_answer_and_its_script_runs_once()
    {
        var calls = new RetriedCalls(Random.Next(), RetriedCalls.CountOr(600));
        var client = new RetryingClient(Cluster, "demo-token", "/demo/task/padded/job", Judge, _counts);
        await using (var faults = new RandomFaults(Print, Random.Next()))
        {
            faults.Begin(Cluster.Gateways, BetweenFaults, GatewayFreeze);
            faults.Begin(Cluster.Silos, BetweenFaults, SiloFreeze);
            await calls.RunAsync(client, Concurrency, ArgumentsOf);
            Print($"{faults.Kills} servers were killed in the meantime.");
        }

        await Cluster.RestoreAsync();
        await AuditAsync(() => Audit(calls), call => call.Id);
    }

    /// <summary>The arguments: the call's id, how long its script takes, and how many spaces its answer has.</summary>
    private static (string Arguments, TimeSpan Run) ArgumentsOf(string id, Random random)
    {
        var run = random.Next(3) == 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(random.Next(1, 300));
        return (JsonSerializer.Serialize<string[]>([id, run.TotalSeconds.ToString(CultureInfo.InvariantCulture), Padding(id).ToString(CultureInfo.InvariantCulture)]), run);
    }

    /// <summary>For a few calls it is too much for one packet.</summary>
    private static int Padding(string id) => id[^1] == '0' ? 100_000 : id[^1] - '0';

    private static Verdict Judge(RetriedCall call, int status, string body)
    {
        if (status is not (200 or 500))
        {
            return Verdict.Wrong;
        }

        using var answer = JsonDocument.Parse(body);
        var answered = answer.RootElement.ValueKind == JsonValueKind.Object
            ? answer.RootElement.TryGetProperty("output", out var member) ? member.GetRawText() : ""
            : body;
        return status == 200 && answered == $"[\"{call.Id}\",\"{new string(' ', Padding(call.Id))}\"]" ? Verdict.Right
            : status == 500 && answered.Contains("The server that ran the job is gone.", StringComparison.Ordinal) ? Verdict.Lost
            : Verdict.Wrong;
    }

    private void Audit(RetriedCalls calls)
    {
        var runs = ScriptRun.All(Cluster).ToLookup(run => run.CallId);
        var killed = Cluster.Silos.SelectMany(silo => silo.KilledProcesses).ToHashSet();
        calls.Audit(Print, _counts, call => runs[call.Id].Count(), call => runs[call.Id].Any(run => killed.Any(run.IsOn)));
    }
}
