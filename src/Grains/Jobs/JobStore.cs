using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace SyncCluster.Jobs;

/// <summary>
/// A job's record in storage and what an activation knows of it. Changes go by compare-and-swap on the ETag; memory follows storage, never the
/// other way round; after a failed write nothing is known until the record was read again. Storage exceptions end in here.
/// </summary>
internal sealed partial class JobStore(
    IGrainStorage storage,
    GrainId grain,
    IClusterMembershipService membership,
    TimeProvider timeProvider,
    ILogger logger)
{
    /// <summary>How often a write is tried before its fate is left open.</summary>
    private const int Tries = 3;

    private const string StateName = "job";
    private static readonly TimeSpan ReadAgeLimit = TimeSpan.FromSeconds(60);

    private string? _etag;
    private bool _known;
    private long _readAt;
    private MembershipVersion _readUnder;

    /// <summary>The record as last read or written; null where there is none.</summary>
    public JobRecord? Record { get; private set; }

    /// <summary>
    /// Whether another activation may have changed the record without this one's knowledge: after a change of the membership, or after a minute.
    /// </summary>
    public bool IsStale => timeProvider.GetElapsedTime(_readAt) > ReadAgeLimit || membership.CurrentSnapshot.Version != _readUnder;

    /// <summary>Has the next <see cref="LoadAsync"/> ask storage.</summary>
    public void Invalidate() => _known = false;

    /// <summary>Reads the record unless it is known. False: storage can't be reached, and nothing is known.</summary>
    public async Task<bool> LoadAsync()
    {
        if (_known)
        {
            return true;
        }

        // Taken before the read, so that a change of the membership during it makes the record stale.
        var version = membership.CurrentSnapshot.Version;
        var state = new GrainState<JobRecord?>();
        try
        {
            await storage.ReadStateAsync(StateName, grain, state);
        }
        catch (Exception fault)
        {
            LogReadFailed(fault, grain);
            return false;
        }

        // What is read each minute is mostly the same, and an old object is cheaper than a new one for as long.
        if (!state.RecordExists || Record is null || state.ETag != _etag)
        {
            Record = state.RecordExists ? state.State : null;
        }

        _etag = state.ETag;
        _readAt = timeProvider.GetTimestamp();
        _readUnder = version;
        _known = true;
        return true;
    }

    /// <summary>
    /// Takes the job's next step: writes the record, the same one under the same ETag, until the write is acknowledged or a read shows which step
    /// stands.
    /// </summary>
    /// <param name="from">The record that <paramref name="next"/> replaces, as last read or written; null to create it.</param>
    /// <param name="next">The record to write.</param>
    public async Task<WriteOutcome> CommitAsync(JobRecord? from, JobRecord next)
    {
        var etag = from is null ? null : _etag;
        for (var tries = 0; tries < Tries; tries++)
        {
            if (await WriteAsync(next, etag))
            {
                return WriteOutcome.Applied;
            }

            if (await LoadAsync() && Record is { } stored)
            {
                if (stored.IsSameStepAs(next))
                {
                    return WriteOutcome.Applied;
                }

                if (from is null || !stored.IsSameStepAs(from))
                {
                    return WriteOutcome.Superseded;
                }
            }
        }

        return WriteOutcome.Unknown;
    }

    private async Task<bool> WriteAsync(JobRecord next, string? etag)
    {
        var version = membership.CurrentSnapshot.Version;
        var state = new GrainState<JobRecord?>(next) { ETag = etag, RecordExists = etag is not null };
        try
        {
            await storage.WriteStateAsync(StateName, grain, state);
        }
        catch (Exception fault)
        {
            LogWriteFailed(fault, grain);
            _known = false;
            return false;
        }

        Record = next;
        _etag = state.ETag;
        _readAt = timeProvider.GetTimestamp();
        _readUnder = version;
        _known = true;
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reading the record of {Grain} failed.")]
    private partial void LogReadFailed(Exception fault, GrainId grain);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Writing the record of {Grain} failed: it will be read again.")]
    private partial void LogWriteFailed(Exception fault, GrainId grain);
}

/// <summary>Which step of a job stands in storage.</summary>
internal enum WriteOutcome
{
    /// <summary>The one that was written: it was acknowledged or read back. Whoever wrote an attempt may release the job, once.</summary>
    Applied,

    /// <summary>Another's.</summary>
    Superseded,

    /// <summary>Storage did not tell. Nothing may be done that relies on it.</summary>
    Unknown,
}
