using System.Diagnostics;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Harness;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>
/// Random faults, one after the other, under load. It takes real processes and a real Redis, which can be killed, frozen and restarted. The same seed gives
/// the same faults in the same order, though not at the same moments.
/// </summary>
public sealed class SoakTests(ScriptCluster cluster, ITestOutputHelper output) : ScriptScenario(cluster, output)
{
    private const int Waiting = 60;

    /// <summary>How many calls are answered between a fault and the next one.</summary>
    private const int Between = 100;

    [SoakFact]
    public async Task No_sequence_of_faults_loses_an_answer_or_runs_a_script_twice()
    {
        var begun = Stopwatch.GetTimestamp();
        (string Name, Func<Task> CauseAsync)[] faults =
        [
            ("a silo is killed", KillSiloAsync),
            ("a silo is frozen until it is declared dead", FreezeAsync),
            ("a silo is frozen and thawed", FreezeBrieflyAsync),
            ("a silo is restarted", () => RandomSilo().StopAsync()),
            ("a gateway is killed", KillGatewayAsync),
            ("Redis is killed", KillRedisAsync),
            ("Redis is restarted", () => Cluster.Redis.StopAsync()),
            ("clients disconnect", DisconnectAsync),
        ];
        StartBackgroundCalls();

        // A generator of its own: how many numbers the other choices take depends on timing.
        var choice = new Random(Random.Next());
        while (Stopwatch.GetElapsedTime(begun) < SoakFactAttribute.Duration)
        {
            OpenCalls();
            var (name, causeAsync) = faults[choice.Next(faults.Length)];
            Print($"{name}.");
            await causeAsync();
            await Cluster.RestoreAsync();
            var answered = Answered();
            await Eventually.TrueAsync(() => Answered() >= answered + Between, $"{Between} more calls are answered after: {name}");
        }

        await AuditAsync(Outcome.Lost | Outcome.Stopped | Outcome.Refused | Outcome.Unknown | Outcome.Disconnected);
    }

    /// <summary>Makes calls that take up to two seconds until enough are open.</summary>
    private void OpenCalls()
    {
        for (var open = Clients.All.Count(call => call.IsOpen); open < Waiting; open++)
        {
            var seconds = Math.Round(2 * Random.NextDouble(), 1);
            _ = Random.Next(2) == 0 ? Clients.Call(RandomGateway(), seconds: seconds) : Clients.Submit(RandomGateway(), seconds: seconds);
        }
    }

    private int Answered() => Clients.All.Count(call => !call.IsOpen && call.Answer.Result.Outcome == Outcome.Right);

    private async Task KillSiloAsync()
    {
        var silo = RandomSilo();
        silo.Kill();
        await Cluster.DeclaredDeadAsync(silo);
    }

    private async Task FreezeAsync()
    {
        var silo = RandomSilo();
        silo.Freeze();
        await Cluster.DeclaredDeadAsync(silo);
        silo.Thaw();
        await Eventually.TrueAsync(() => silo.Process.HasExited, "the silo has learned that it was declared dead");
    }

    /// <summary>Mostly too short a time to be declared dead, but not always: its calls may be lost.</summary>
    private async Task FreezeBrieflyAsync()
    {
        var silo = RandomSilo();
        var answered = Clients.All.Count(call => !call.IsOpen);
        silo.Freeze();
        await Eventually.TrueAsync(() => Clients.All.Count(call => !call.IsOpen) > answered + 10, "some calls are answered without it");
        silo.Thaw();
    }

    private Task KillGatewayAsync()
    {
        RandomGateway().Kill();
        return Task.CompletedTask;
    }

    private Task KillRedisAsync()
    {
        Cluster.Redis.Kill();
        return Task.CompletedTask;
    }

    private Task DisconnectAsync()
    {
        foreach (var call in Clients.All.Where(call => call.IsOpen))
        {
            call.Disconnect();
        }

        return Task.CompletedTask;
    }
}
