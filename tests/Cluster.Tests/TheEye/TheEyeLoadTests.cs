using System.Diagnostics;
using System.Globalization;
using SyncCluster.Cluster.Tests.Load;
using SyncCluster.Cluster.Tests.Processes;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>Many calls one after the other, of 64 clients. <c>SYNCCLUSTER_THEEYE_CALLS</c> says how many, by default few enough for every run of the tests.</summary>
public sealed class TheEyeLoadTests(TheEyeCluster cluster, ITestOutputHelper output) : TheEyeScenario(cluster, output)
{
    private static readonly int Count = int.TryParse(Environment.GetEnvironmentVariable("SYNCCLUSTER_THEEYE_CALLS"), CultureInfo.InvariantCulture, out var calls) ? calls : 3000;

    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    /// <summary>From a silo's death to the next one's, unless the cluster takes longer to recover.</summary>
    private static readonly TimeSpan BetweenDeaths = TimeSpan.FromSeconds(20);

    [ClusterTheory]
    [InlineData(0)]
    [InlineData(20)]
    public async Task No_answer_is_lost_however_fast_the_task_is(int milliseconds)
    {
        await CompletedAsync(Begin(milliseconds));
        await SettleAsync();
    }

    [ClusterTheory]
    [InlineData(0)]
    [InlineData(20)]
    public async Task No_answer_is_lost_while_silos_die_one_after_the_other(int milliseconds)
    {
        var load = Begin(milliseconds);
        await load.MoreAsync(500);
        for (var deaths = 0; !load.Done.IsCompleted; deaths++)
        {
            var since = Stopwatch.GetTimestamp();
            var silo = Cluster.Silos[deaths % Cluster.Silos.Count];
            Kill(silo);
            await Cluster.DeclaredDeadAsync(silo);
            await Cluster.RestoreAsync();
            Print($"{silo.Name} is back; {load.Right} calls were answered right.");
            if (BetweenDeaths - Stopwatch.GetElapsedTime(since) is var rest && rest > TimeSpan.Zero)
            {
                // The load is defined by how often a silo dies.
                await Task.WhenAny(load.Done, Task.Delay(rest));
            }
        }

        await CompletedAsync(load);
        await SettleAsync(Outcome.Refused);
    }

    [ClusterFact]
    public async Task An_answer_that_is_lost_to_the_newest_5_rule_is_told_to_be()
    {
        var task = Cluster.AddTask(keepsAll: false);
        await CompletedAsync(new TheEyeLoad(Cluster, Clients, task, Math.Min(Count, 1000)));
        await SettleAsync(Outcome.Removed);
    }

    private TheEyeLoad Begin(int milliseconds)
    {
        var time = TimeSpan.FromMilliseconds(milliseconds);
        return new(Cluster, Clients, Cluster.AddTask(milliseconds == 0 ? null : () => Task.Delay(time)), Count);
    }

    private async Task CompletedAsync(TheEyeLoad load)
    {
        while (load.Right < load.Count)
        {
            var before = load.Right;
            await Task.WhenAny(load.Done, Task.Delay(Quiet));
            Assert.True(load.Right > before, $"Nothing was answered for a minute, after {before} calls.");
        }

        // Who has no answer now is seen when the account is settled.
        await Task.WhenAny(load.Done, Task.Delay(Quiet));
        var took = Stopwatch.GetElapsedTime(load.Begun);
        Print($"{load.Right} calls were answered right in {took.TotalSeconds:F1} s, {load.Right / took.TotalSeconds:F0} a second.");
    }
}
