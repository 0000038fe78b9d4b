using Microsoft.Extensions.Logging;
using SyncCluster.Jobs;

namespace SyncCluster.Execution.Local;

/// <summary>
/// Finds a place on another silo for a new job when this silo's queue is full. A few silos are asked, the next one as soon as one has none, or has not
/// answered for a moment: silos that do not answer must not keep a submit from the one that has a place. The first place is taken, others are given back.
/// </summary>
internal sealed partial class QueueOverflow(
    RunnerServiceClient runners, IClusterMembershipService membership, ILocalSiloDetails silo, TimeProvider timeProvider, ILogger<QueueOverflow> logger)
{
    /// <summary>A call that no silo has a place for must not cost a message to every silo of a large cluster.</summary>
    private const int MaxAsked = 8;

    /// <summary>Longer than a silo takes to answer that is not overloaded.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>A submit has time left for its record and its release.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    /// <summary>Reserves a place on the first silo that has one, of a few in random order. Null: none has.</summary>
    public async Task<IRemoteReservation?> ReserveAsync(JobSpec spec)
    {
        SiloAddress[] others = [.. membership.CurrentSnapshot.Members.Values
            .Where(member => member.Status == SiloStatus.Active && !member.SiloAddress.Equals(silo.SiloAddress))
            .Select(member => member.SiloAddress)];
        Random.Shared.Shuffle(others);
        var begun = timeProvider.GetTimestamp();
        var asked = new List<Task<RemoteReservation?>>();
        RemoteReservation? place = null;
        foreach (var other in others.Take(MaxAsked))
        {
            // Not as a part of the grain call: some answers come when it has ended.
            asked.Add(Task.Run(() => AskAsync(spec, other)));
            if ((place = await NextAnswerAsync(asked, Pause)) is not null)
            {
                break;
            }
        }

        while (place is null && asked.Count > 0 && Limit - timeProvider.GetElapsedTime(begun) is var left && left > TimeSpan.Zero)
        {
            place = await NextAnswerAsync(asked, left);
        }

        asked.ForEach(late => late.ContinueWith(answer => answer.Result?.Cancel(), TaskScheduler.Default));
        return place;
    }

    /// <summary>Waits for one answer, and takes it from the list. Null: there is none in time, or no place.</summary>
    private async Task<RemoteReservation?> NextAnswerAsync(List<Task<RemoteReservation?>> asked, TimeSpan limit)
    {
        if (await Task.WhenAny([.. asked, Task.Delay(limit, timeProvider)]) is not Task<RemoteReservation?> answered)
        {
            return null;
        }

        asked.Remove(answered);
        return await answered;
    }

    private async Task<RemoteReservation?> AskAsync(JobSpec spec, SiloAddress other)
    {
        var place = new RemoteReservation(this, runners.On(other), other, Guid.NewGuid());
        try
        {
            return await place.ReserveAsync(spec) ? place : null;
        }
        catch (Exception fault)
        {
            LogNoAnswer(fault, spec.JobId, other);

            // The answer may be lost, and not the message.
            place.Cancel();
            return null;
        }
    }

    private sealed class RemoteReservation(QueueOverflow overflow, IRunnerService runner, SiloAddress silo, Guid id) : IRemoteReservation
    {
        public SiloAddress Silo => silo;

        public Task<bool> ReserveAsync(JobSpec spec) => runner.Reserve(id, spec.Customer, spec.Depth);

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
