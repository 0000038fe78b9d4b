using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.GrainDirectory;
using Orleans.Runtime.Placement;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Harness;
using SyncCluster.Jobs;
using SyncCluster.Placement;
using static SyncCluster.Gateway.Tests.Waiting.WaiterHubExtensions;

namespace SyncCluster.Gateway.Tests.Waiting;

/// <summary>
/// An upgrade, one silo after the other: a silo of the cluster places jobs as version 0.1 does, at random and in Orleans' own directory, and knows of
/// no owners.
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

            foreach (var service in silo.Services.Where(IsOfJobPlacement).ToArray())
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

        private static bool IsOfJobPlacement(ServiceDescriptor service) =>
            !service.IsKeyedService
            && service.ImplementationFactory is not null
            && (service.ServiceType == typeof(IPlacementStrategyResolver)
                || service.ServiceType == typeof(IGrainDirectoryResolver)
                || service.ServiceType == typeof(IGrainDirectoryCache));
    }
}
