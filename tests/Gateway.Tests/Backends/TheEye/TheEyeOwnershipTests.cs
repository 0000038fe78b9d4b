using Microsoft.Extensions.DependencyInjection;
using SyncCluster.Harness;
using SyncCluster.Hosting;
using SyncCluster.Jobs;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>
/// Jobs of TheEye that move to another silo. On TestingHost, where silos are made to miss another one, and with the stand-in of TheEye. No Redis is
/// there, so that the supervisor is asked every 2 s.
/// </summary>
public sealed class TheEyeOwnershipTests : IAsyncLifetime
{
    private const string Customer = "acme";
    private const string Token = "service-token";

    private TheEyeServer? _theEye;
    private TheEyeSilos? _silos;

    public async Task InitializeAsync()
    {
        _theEye = await TheEyeServer.StartAsync(new());
        _theEye.AddUser(Token, new() { Customer = Customer, CustomerId = "5f0000000000000000000acc" });
        _silos = new(_theEye);
        await _silos.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _silos!.DisposeAsync();
        await _theEye!.DisposeAsync();
    }

    [Fact, Trait(WaitingRules.Trait, "I2"), Trait(WaitingRules.Trait, "I7")]
    public async Task A_job_that_moves_while_its_release_is_uncertain_waits_no_longer_for_the_next_one()
    {
        var (theEye, silos) = (_theEye!, _silos!);
        var task = new TheEyeTask();
        theEye.AddTask(Customer, task);
        var job = silos.NewJob(spec => spec with { Customer = Customer, TaskId = task.Id, Origin = JobOrigin.AllocatedAtTheEye });
        theEye.AddJob(job.Spec.JobId, Customer, task.Id, job.Spec.Arguments);
        theEye.Faults.Next(Step.Synced, Fault.ResetBefore());
        var observer = await job.SubmitAsync();

        // Read a second time: the first read may have come before the end of the release.
        await theEye.WhenAsync(() => theEye.Job(job.Spec.JobId).Fetches > 0);
        silos.Clock.Forward(TimeSpan.FromSeconds(3));
        await theEye.WhenAsync(() => theEye.Job(job.Spec.JobId).Fetches > 1);

        silos.Clock.Forward(TheEyeSilos.SettleTime * 0.6);
        var first = silos.OwnerOf(job);
        foreach (var silo in silos.Silos)
        {
            silo.ServiceProvider.GetRequiredService<MembershipView>().Miss(first.SiloAddress);
        }

        var second = silos.OwnerOf(job);
        Assert.NotEqual(first, second);
        var moved = second.ServiceProvider.GetRequiredService<IGrainFactory>().GetJob(job.Key);
        Assert.IsType<JobReply.Pending>(await moved.Attach(observer.Subscription(2), Reading.Fresh));

        silos.Clock.Forward(TheEyeSilos.SettleTime * 0.5);
        await observer.FirstAsync();
        Assert.Equal((1, 1), (theEye.Job(job.Spec.JobId).SyncedCalls, theEye.Job(job.Spec.JobId).Runs));
        Assert.Equal(second.SiloAddress, (await job.StoredAsync())!.Runner);
    }

    private sealed class TheEyeSilos(TheEyeServer theEye) : JobTestCluster
    {
        internal static readonly TimeSpan SettleTime = TimeSpan.FromMinutes(5);

        protected override IEnumerable<KeyValuePair<string, string?>> Settings => new Dictionary<string, string?>
        {
            ["TheEye:Gateway"] = $"{theEye.Gateway}",
            ["TheEye:Supervisor"] = $"{theEye.Supervisor}",
            ["TheEye:Redis"] = "127.0.0.1:1",
            [$"TheEye:ServiceTokens:{Customer}"] = Token,
            ["TheEye:SettleTime"] = $"{SettleTime}",
        };

        private protected override ExecutionMode Mode => ExecutionMode.TheEye;
    }
}
