using System.Diagnostics;
using System.Globalization;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Cluster.Tests.Clusters;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>
/// Many calls of 64 clients. It takes real processes and a real Redis: messages of TheEye over Redis race with everything else here, and silos get
/// SIGKILL. <c>SYNCCLUSTER_THEEYE_CALLS</c> sets the number of calls; the default is for every run of the tests.
/// </summary>
public sealed class TheEyeLoadTests(TheEyeCluster cluster, ITestOutputHelper output) : TheEyeScenario(cluster, output)
{
    private static readonly int Count = int.TryParse(Environment.GetEnvironmentVariable("SYNCCLUSTER_THEEYE_CALLS"), CultureInfo.InvariantCulture, out var calls) ? calls : 3000;

    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    /// <summary>Between two kills, unless the cluster takes longer to recover.</summary>
    private static readonly TimeSpan BetweenKills = TimeSpan.FromSeconds(20);

    [ClusterTheory]
    [InlineData(0)]
    [InlineData(20)]
    public async Task Every_call_is_answered_however_fast_its_job_ends(int milliseconds)
    {
        await CompletedAsync(StartLoad(milliseconds));
        await AuditAsync();
    }

    [ClusterTheory]
    [InlineData(0)]
    [InlineData(20)]
    public async Task Every_call_is_answered_while_silos_are_killed_one_after_the_other(int milliseconds)
    {
        var load = StartLoad(milliseconds);
        await load.MoreAsync(500);
        for (var kills = 0; !load.Done.IsCompleted; kills++)
        {
            var since = Stopwatch.GetTimestamp();
            var silo = Cluster.Silos[kills % Cluster.Silos.Count];
            Kill(silo);
            await Cluster.DeclaredDeadAsync(silo);
            await Cluster.RestoreAsync();
            Print($"{silo.Name} is back; {load.Right} calls were answered right.");
            if (BetweenKills - Stopwatch.GetElapsedTime(since) is var rest && rest > TimeSpan.Zero)
            {
                // How often a silo is killed is part of the load.
                await Task.WhenAny(load.Done, Task.Delay(rest));
            }
        }

        await CompletedAsync(load);
        await AuditAsync(Outcome.Refused);
    }

    [ClusterTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_answer_is_lost_of_a_task_of_which_TheEye_keeps_the_newest_five_jobs(bool killsASilo)
    {
        Cluster.DelaysMessages = true;
        var task = Cluster.AddTask(() => Task.Delay(Random.Shared.Next(30)), keepsAll: false);
        var load = new TheEyeLoad(Cluster, Clients, task, count: 400, concurrency: 16);
        if (killsASilo)
        {
            await load.MoreAsync(100);
            Kill(Cluster.Silos[0]);
        }

        await CompletedAsync(load);
        Cluster.DelaysMessages = false;
        await AuditAsync(killsASilo ? Outcome.Refused : default);
    }

    private TheEyeLoad StartLoad(int milliseconds)
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

        // The audit finds the calls that have no answer now.
        await Task.WhenAny(load.Done, Task.Delay(Quiet));
        var took = Stopwatch.GetElapsedTime(load.Begun);
        Print($"{load.Right} calls were answered right in {took.TotalSeconds:F1} s, {load.Right / took.TotalSeconds:F0} a second.");
    }
}
