using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using SyncCluster.Cluster.Tests.Load;
using SyncCluster.Cluster.Tests.Processes;
using SyncCluster.Cluster.Tests.Scenarios;

namespace SyncCluster.Cluster.Tests.CutOff;

/// <summary>
/// Clients that are cut off, and repeat their calls with their keys, while gateways and silos are killed. <c>SYNCCLUSTER_CUTOFF_ROUNDS</c> says how
/// many calls, by default few enough for every run of the tests. The seed gives the same calls, cuts and faults, though not the same moments.
/// </summary>
public sealed class ConnectionLossTests(ScriptCluster cluster, ITestOutputHelper output) : ScriptScenario(cluster, output)
{
    private const int Concurrency = 32;

    private static readonly TimeSpan BetweenFaults = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan GatewayFreeze = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SiloFreeze = TimeSpan.FromSeconds(1.5);

    private readonly ConcurrentDictionary<string, int> _seen = new();

    [ClusterFact]
    public async Task A_client_that_is_cut_off_at_any_moment_and_repeats_its_call_gets_the_right_answer_and_its_task_runs_once()
    {
        var rounds = new Rounds(Random.Next(), Rounds.CountOr(600));
        var client = new RetryingClient(Cluster, "demo-token", "/demo/task/padded/job", Judge, _seen);
        await using (var faults = new Faults(Print, Random.Next()))
        {
            faults.Begin(Cluster.Gateways, BetweenFaults, GatewayFreeze);
            faults.Begin(Cluster.Silos, BetweenFaults, SiloFreeze);
            await rounds.RunAsync(client, Concurrency, ArgumentsOf);
            Print($"{faults.Kills} servers were killed meanwhile.");
        }

        await Cluster.RestoreAsync();
        await SettleAsync(() => Settle(rounds), call => call.Id);
    }

    /// <summary>The call, how long its script takes and how many spaces it answers with.</summary>
    private static (string Arguments, TimeSpan Run) ArgumentsOf(string id, Random random)
    {
        var run = random.Next(3) == 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(random.Next(1, 300));
        return (JsonSerializer.Serialize<string[]>([id, run.TotalSeconds.ToString(CultureInfo.InvariantCulture), Padding(id).ToString(CultureInfo.InvariantCulture)]), run);
    }

    /// <summary>Of few calls so much that the answer does not fit into a packet.</summary>
    private static int Padding(string id) => id[^1] == '0' ? 100_000 : id[^1] - '0';

    private static Verdict Judge(Round round, int status, string body)
    {
        if (status is not (200 or 500))
        {
            return Verdict.Wrong;
        }

        using var answer = JsonDocument.Parse(body);
        var answered = answer.RootElement.ValueKind == JsonValueKind.Object
            ? answer.RootElement.TryGetProperty("output", out var member) ? member.GetRawText() : ""
            : body;
        return status == 200 && answered == $"[\"{round.Id}\",\"{new string(' ', Padding(round.Id))}\"]" ? Verdict.Right
            : status == 500 && answered.Contains("The server that ran the job is gone.", StringComparison.Ordinal) ? Verdict.Lost
            : Verdict.Wrong;
    }

    private void Settle(Rounds rounds)
    {
        var ran = Run.All(Cluster).ToLookup(run => run.Id);
        var killed = Cluster.Silos.SelectMany(silo => silo.Killed).ToHashSet();
        rounds.Settle(Print, _seen, round => ran[round.Id].Count(), round => ran[round.Id].Any(run => killed.Any(run.IsOn)));
    }
}
