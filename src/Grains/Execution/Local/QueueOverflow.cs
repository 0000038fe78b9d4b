using Microsoft.Extensions.Logging;
using SyncCluster.Jobs;

namespace SyncCluster.Execution.Local;

/// <summary>Finds a place on another silo for a new job when this silo's queue is full.</summary>
internal sealed partial class QueueOverflow(
    RunnerServiceClient runners, IClusterMembershipService membership, ILocalSiloDetails silo, ILogger<QueueOverflow> logger)
{
    /// <summary>A call that no silo has a place for must not cost a message to every silo of a large cluster.</summary>
    private const int MaxAsked = 8;

    /// <summary>Reserves a place on the first silo that has one, of a few in random order. Null: none has.</summary>
    public async Task<IRemoteReservation?> ReserveAsync(JobSpec spec)
    {
        SiloAddress[] others = [.. membership.CurrentSnapshot.Members.Values
            .Where(member => member.Status == SiloStatus.Active && !member.SiloAddress.Equals(silo.SiloAddress))
            .Select(member => member.SiloAddress)];
        Random.Shared.Shuffle(others);
        var id = Guid.NewGuid();
        foreach (var other in others.Take(MaxAsked))
        {
            var runner = runners.On(other);
            try
            {
                if (await runner.Reserve(id, spec.Customer, spec.Depth))
                {
                    return new RemoteReservation(this, runner, other, id);
                }
            }
            catch (Exception fault)
            {
                LogNoAnswer(fault, spec.JobId, other);
            }
        }

        return null;
    }

    private sealed class RemoteReservation(QueueOverflow overflow, IRunnerService runner, SiloAddress silo, Guid id) : IRemoteReservation
    {
        public SiloAddress Silo => silo;

        public async Task<bool> ReleaseAsync(Release release)
        {
            try
            {
                return await runner.Release(id, release.Spec, release.Attempt);
            }
            catch (Exception fault)
            {
                overflow.LogNoAnswer(fault, release.Spec.JobId, silo);
                return false;
            }
        }

        public void Cancel() => runner.CancelReservation(id).Ignore();
    }
}
