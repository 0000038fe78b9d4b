using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.GrainDirectory;
using Orleans.Runtime.Placement;
using Orleans.Services;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Harness;
using SyncCluster.Jobs;
using SyncCluster.Placement;
using static SyncCluster.Gateway.Tests.Waiting.WaiterHubExtensions;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>
/// An upgrade, one silo after the other: a silo of the cluster places jobs as version 0.1 does, at random and in Orleans' own directory, knows of no
/// owners, and has no door.
/// </summary>
public sealed class MixedVersionTests(MixedVersionTests.Cluster cluster) : IClassFixture<MixedVersionTests.Cluster>
{
    [Fact, Trait(WaitingRules.Trait, "I2"), Trait(WaitingRules.Trait, "I7")]
    public async Task Beside_a_silo_of_version_0_1_each_job_runs_once_and_its_callers_are_answered()
    {
        WaiterHub[] gateways = [await cluster.GatewayAsync(), await cluster.GatewayAsync()];
        var jobs = Enumerable.Range(0, 90).Select(_ => cluster.NewJob()).ToArray();
        var waits = jobs.SelectMany(job => gateways.Select(gateway => gateway.SubmitAndWaitAsync(job))).ToArray();
        await Task.WhenAll(jobs.Select(job => job.Executor.First.Task)).WaitAsync(JobTestCluster.Patience);
        await Task.WhenAll(jobs.Select(job => job.FinishAsync()));
        Assert.All(await Task.WhenAll(waits).WaitAsync(JobTestCluster.Patience), answer => Reply<JobReply.Finished>(answer));
        Assert.All(jobs, job => Assert.Single(job.Executor.Attempts));
    }

    [Fact, Trait(WaitingRules.Trait, "I2")]
    public async Task A_gateway_uses_the_doors_that_there_are_and_each_job_runs_once()
    {
        var doors = cluster.NewDoors();
        await Eventually.TrueAsync(
            () =>
            {
                doors.Update(cluster.GatewayUris);
                return doors.OpenDoors == 2;
            },
            "the doors of the silos of this version are open");
        Assert.False(doors.TakeTaskRevisions);
        var gateway = await cluster.GatewayAsync(doors: doors);
        var jobs = Enumerable.Range(0, 60).Select(_ => cluster.NewJob()).ToArray();
        var waits = jobs.Select(job => gateway.SubmitAndWaitAsync(job)).ToArray();
        await Task.WhenAll(jobs.Select(job => job.Executor.First.Task)).WaitAsync(JobTestCluster.Patience);
        Assert.All(jobs, job => Assert.Equal(0, cluster.CallsOf(job, nameof(IJobGrain.Submit))));
        await Task.WhenAll(jobs.Select(FinishOnItsSiloAsync));
        Assert.All(await Task.WhenAll(waits).WaitAsync(JobTestCluster.Patience), answer => Reply<JobReply.Finished>(answer));
        Assert.All(jobs, job => Assert.Single(job.Executor.Attempts));
    }

    /// <summary>As a runner does: silos of two versions find different grains of a job.</summary>
    private async Task FinishOnItsSiloAsync(TestJob job)
    {
        var (attempt, run) = (await job.Executor.First.Task, Guid.NewGuid());
        var silo = cluster.Silos.Single(silo => silo.SiloAddress.Equals(job.Executor.SiloOf(attempt)));
        var grain = silo.ServiceProvider.GetRequiredService<IGrainFactory>().GetJob(job.Key);
        Assert.Equal(Assignment.Granted, await TestJob.AnswerAsync(() => grain.Assign(attempt, run, silo.SiloAddress)));
        Assert.Equal(Completion.Accepted, await TestJob.AnswerAsync(() => grain.Complete(run, TestJob.Success)));
    }

    /// <summary>Three silos, one of them of version 0.1.</summary>
    public sealed class Cluster : WaitingCluster
    {
        private int _silos;

        protected override void ConfigureSilo(ISiloBuilder silo)
        {
            base.ConfigureSilo(silo);
            if (Interlocked.Increment(ref _silos) > 1)
            {
                return;
            }

            foreach (var service in silo.Services.Where(IsMissing).ToArray())
            {
                silo.Services.Remove(service);
            }

            // It takes no other silo for an owner.
            silo.Services.AddSingleton(services =>
            {
                var view = new MembershipView(services.GetRequiredService<IClusterMembershipService>());
                view.MissAll();
                return new JobOwners(view, services.GetRequiredService<ILocalSiloDetails>(), TimeProvider.System);
            });
        }

        private static bool IsMissing(ServiceDescriptor service) => IsOfJobPlacement(service) || service.ServiceType == typeof(IGrainService);

        private static bool IsOfJobPlacement(ServiceDescriptor service) =>
            !service.IsKeyedService
            && service.ImplementationFactory is not null
            && (service.ServiceType == typeof(IPlacementStrategyResolver)
                || service.ServiceType == typeof(IGrainDirectoryResolver)
                || service.ServiceType == typeof(IGrainDirectoryCache));
    }
}
