using System.Diagnostics;
using SyncCluster.Cluster.Tests.Load;
using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.Scenarios;

/// <summary>Random faults, one after the other, under load. The seed gives the same faults in the same order, though not at the same moments.</summary>
public sealed class SoakTests(ScriptCluster cluster, ITestOutputHelper output) : ScriptScenario(cluster, output)
{
    private const int Waiting = 60;

    /// <summary>How many calls are answered between a fault and the next.</summary>
    private const int Between = 100;

    [SoakFact]
    public async Task No_order_of_faults_loses_or_doubles_an_answer()
    {
        var begun = Stopwatch.GetTimestamp();
        (string Name, Func<Task> Cause)[] faults =
        [
            ("a silo is killed", () => SiloAsync(silo => silo.Kill())),
            ("a silo is frozen until it is declared dead", FreezeAsync),
            ("a silo is frozen and thawed", BlinkAsync),
            ("a silo is restarted", RestartAsync),
            ("a gateway is killed", KillGatewayAsync),
            ("Redis is killed", KillRedisAsync),
            ("Redis is restarted", RestartRedisAsync),
            ("clients hang up", HangUpAsync),
        ];
        StartTraffic();

        // Of its own, since how many other choices are made depends on the time.
        var choice = new Random(Random.Next());
        while (Stopwatch.GetElapsedTime(begun) < SoakFactAttribute.Time)
        {
            Refill();
            var (name, cause) = faults[choice.Next(faults.Length)];
            Print($"{name}.");
            await cause();
            await Cluster.RestoreAsync();
            var answered = Answered();
            await Until.TrueAsync(() => Answered() >= answered + Between, $"{Between} calls more are answered after: {name}");
        }

        await SettleAsync(Outcome.Lost | Outcome.Stopped | Outcome.Refused | Outcome.Unknown | Outcome.HungUp);
    }

    /// <summary>Calls that take up to two seconds, some by way of the clerk.</summary>
    private void Refill()
    {
        for (var open = Clients.All.Count(call => call.IsOpen); open < Waiting; open++)
        {
            var seconds = Math.Round(2 * Random.NextDouble(), 1);
            _ = Random.Next(2) == 0 ? Clients.Call(AnyGateway(), seconds: seconds) : Clients.Submit(AnyGateway(), seconds: seconds);
        }
    }

    private int Answered() => Clients.All.Count(call => !call.IsOpen && call.Answer.Result.Outcome == Outcome.Right);

    private async Task SiloAsync(Action<Server> fault)
    {
        var silo = AnySilo();
        fault(silo);
        await Cluster.DeclaredDeadAsync(silo);
    }

    private async Task FreezeAsync()
    {
        var silo = AnySilo();
        silo.Freeze();
        await Cluster.DeclaredDeadAsync(silo);
        silo.Thaw();
        await Until.TrueAsync(() => silo.Process.HasExited, "the silo has learned that it was declared dead");
    }

    /// <summary>Too short a time to be declared dead in, mostly: that it may be is why its calls may be lost.</summary>
    private async Task BlinkAsync()
    {
        var silo = AnySilo();
        var answered = Clients.All.Count(call => !call.IsOpen);
        silo.Freeze();
        await Until.TrueAsync(() => Clients.All.Count(call => !call.IsOpen) > answered + 10, "some calls are answered without it");
        silo.Thaw();
    }

    private async Task RestartAsync()
    {
        var silo = AnySilo();
        silo.Stop();
        await silo.Process.ExitAsync();
    }

    private Task KillGatewayAsync()
    {
        AnyGateway().Kill();
        return Task.CompletedTask;
    }

    private Task KillRedisAsync()
    {
        Cluster.Redis.Kill();
        return Task.CompletedTask;
    }

    private Task RestartRedisAsync() => Cluster.Redis.StopAsync();

    private Task HangUpAsync()
    {
        foreach (var call in Clients.All.Where(call => call.IsOpen))
        {
            call.HangUp();
        }

        return Task.CompletedTask;
    }
}
