using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using SyncCluster.Harness;
using SyncCluster.Jobs;

namespace SyncCluster.Grains.Tests.Placement;

/// <summary>A cluster for the tests of what owns a job, whose silos may see it differently.</summary>
public sealed class OwnershipCluster : JobTestCluster, IAsyncLifetime
{
    Task IAsyncLifetime.InitializeAsync() => StartAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    /// <summary>A new job, whose owner one silo does not know: it takes itself for the owner, or a third one.</summary>
    internal DisputedJob NewDisputedJob(Func<JobSpec, JobSpec>? change = null, bool takesItselfForTheOwner = false)
    {
        while (true)
        {
            var job = NewJob(change ?? (spec => spec));
            var owner = OwnerOf(job);
            var mistaken = Silos.First(silo => silo != owner);
            var dispute = new DisputedJob(job, owner, mistaken);
            dispute.Disagree();
            var taken = OwnerOf(job, mistaken);
            if (taken == mistaken == takesItselfForTheOwner)
            {
                return dispute with { Stray = taken };
            }

            dispute.Agree();
        }
    }
}

/// <summary>A job that silos look for in different places.</summary>
/// <param name="Job">The job.</param>
/// <param name="Owner">The silo that owns it.</param>
/// <param name="Mistaken">A silo that does not know the owner.</param>
internal sealed record DisputedJob(TestJob Job, InProcessSiloHandle Owner, InProcessSiloHandle Mistaken) : IDisposable
{
    /// <summary>The silo that the mistaken one takes for the owner.</summary>
    public InProcessSiloHandle? Stray { get; init; }

    /// <summary>The job's grain, as the mistaken silo finds it.</summary>
    public IJobGrain GrainByMistake => Mistaken.ServiceProvider.GetRequiredService<IGrainFactory>().GetGrain<IJobGrain>(Job.Key);

    /// <summary>The job's grain, as its owner finds it.</summary>
    public IJobGrain Grain => Owner.ServiceProvider.GetRequiredService<IGrainFactory>().GetGrain<IJobGrain>(Job.Key);

    public void Disagree() => ViewOf(Mistaken).Miss(Owner.SiloAddress);

    public void Agree() => ViewOf(Mistaken).Miss(null);

    /// <summary>The owner sees the cluster change now.</summary>
    public void OwnerSeesChange() => ViewOf(Owner).Miss(null);

    public void Dispose() => Agree();

    private static MembershipView ViewOf(InProcessSiloHandle silo) => silo.ServiceProvider.GetRequiredService<MembershipView>();
}
