using System.Diagnostics;
using Microsoft.Extensions.Logging;
using SyncCluster.Jobs.Listing;
using SyncCluster.Placement;
using SyncCluster.Telemetry;

namespace SyncCluster.Jobs;

/// <summary>
/// A job's record: as it is stored, and as this activation knows it. It changes only by compare-and-swap on its ETag. Memory changes after storage,
/// never before; after a failed write the record is unknown until it has been read again. Storage exceptions do not leave this class.
/// </summary>
internal sealed partial class JobStore(GrainId grain, JobStorage storage)
{
    /// <summary>The name of the record in the storage.</summary>
    public const string StateName = "job";

    /// <summary>How often a write is tried before its outcome stays unknown.</summary>
    private const int Tries = 3;

    /// <summary>For how long after an end the index may have lost it with the silo that stored it.</summary>
    private static readonly TimeSpan RecentTime = TimeSpan.FromMinutes(10);

    private readonly ILogger _logger = storage.Logger;
    private string? _etag;
    private bool _known;
    private bool _isEntryMissing;
    private ReadMark _read;

    /// <summary>The record as last read or written; null if there is none.</summary>
    public JobRecord? Record { get; private set; }

    /// <summary>Whether another activation may have changed the record since it was read or written.</summary>
    public bool IsStale => storage.Owners.IsStale(_read);

    /// <summary>Makes the next <see cref="LoadAsync"/> read storage.</summary>
    public void Invalidate() => _known = false;

    /// <summary>Reads the record unless it is known, and has its entry stored if that has failed before.</summary>
    /// <returns>False: storage can't be reached, and the record is unknown, or can't be found by a list.</returns>
    public async Task<bool> LoadAsync() => (_known || await ReadAsync()) && (!_isEntryMissing || await AddMissingEntryAsync());

    /// <summary>
    /// Takes the job's next step: writes the same record under the same ETag until the write is acknowledged, or a read shows which step is stored
    /// (I2). Who waits for the job is no step of it, and may change meanwhile. To store that, <paramref name="next"/> differs in nothing else.
    /// </summary>
    /// <param name="from">The record that <paramref name="next"/> replaces, as last read or written; null to create it.</param>
    /// <param name="next">The record to write; null to have none. After an end the only step is the removal.</param>
    public async Task<WriteOutcome> CommitAsync(JobRecord? from, JobRecord? next)
    {
        if (from is null && !storage.Connection.IsConnected)
        {
            storage.Metrics.StorageWriteFailed();
            LogNotSent(grain);
            return WriteOutcome.NotSent;
        }

        // The entry first, and both at once: to wait for it would cost each call a round trip. With a new attempt again, since the silo of the
        // last one may have died before the entry was stored.
        var added = next is not null && from?.Attempt != next.Attempt && JobEntry.IsOf(next.Spec) ? AddEntryAsync(next) : null;
        var etag = from is null ? null : _etag;
        var written = WriteOutcome.Unknown;

        // Writes are not a method of their own: every await in a grain costs its silo a task.
        for (var tries = 0; tries < Tries && written == WriteOutcome.Unknown; tries++)
        {
            var state = new GrainState<JobRecord?>(next) { ETag = etag, RecordExists = etag is not null };
            var begun = storage.Owners.Mark();
            using (var span = ServerTraces.StartChild("write job"))
            {
                try
                {
                    await (next is null ? storage.Records.ClearStateAsync(StateName, grain, state) : storage.Records.WriteStateAsync(StateName, grain, state));
                    Written(next, state.ETag, begun);
                    written = WriteOutcome.Applied;
                    break;
                }
                catch (Exception fault)
                {
                    span?.SetStatus(ActivityStatusCode.Error);
                    WriteFailed(fault);
                }
            }

            if (await ReadAsync())
            {
                written = Compare(from, ref next, ref etag);
            }
        }

        if (written == WriteOutcome.Applied)
        {
            Count(from, next, isEntrySent: added is not null);
        }

        return added is null ? written : await SettleEntryAsync(added, next!, written);
    }

    private async Task<bool> ReadAsync()
    {
        var state = new GrainState<JobRecord?>();
        var begun = storage.Owners.Mark();
        using var span = ServerTraces.StartChild("read job");
        try
        {
            await storage.Records.ReadStateAsync(StateName, grain, state);
        }
        catch (Exception fault)
        {
            storage.Metrics.StorageReadFailed();
            span?.SetStatus(ActivityStatusCode.Error);
            LogReadFailed(fault, grain);
            return false;
        }

        storage.Metrics.StorageRead(storage.TimeProvider.GetElapsedTime(begun.At));

        // Most reads find the same record, and an object that has survived garbage collections is cheaper to keep than a new one.
        if (!state.RecordExists || Record is null || state.ETag != _etag)
        {
            Record = state.RecordExists ? state.State : null;
            if (Record is { HasEnded: true, IsRemoved: false } ended && storage.TimeProvider.GetUtcNow() - ended.LastUpdate < RecentTime)
            {
                // The silo that has stored the end may have died before it told the index.
                TellEnd(ended);
            }
        }

        _etag = state.ETag;
        _read = begun;
        _known = true;
        return true;
    }

    private Task AddEntryAsync(JobRecord record)
    {
        try
        {
            return storage.Index.AddAsync(record.Spec.Customer, JobEntry.Of(record));
        }
        catch (Exception fault)
        {
            return Task.FromException(fault);
        }
    }

    /// <summary>The outcome of a write with which an entry was sent: nothing is to come of a record that no list finds.</summary>
    private async Task<WriteOutcome> SettleEntryAsync(Task added, JobRecord next, WriteOutcome written)
    {
        try
        {
            await added;
        }
        catch (Exception fault)
        {
            EntryFailed(fault);
            _isEntryMissing = written != WriteOutcome.Superseded;
            if (written == WriteOutcome.Applied)
            {
                return await LoadAsync() ? WriteOutcome.Applied : WriteOutcome.Unknown;
            }
        }

        if (written == WriteOutcome.Superseded && Record is { } stored && JobEntry.Of(next) is var wrong && JobEntry.Of(stored) is var right && right != wrong)
        {
            // Another call has created the job: its record says when it was called. Or another activation has ended it.
            storage.Index.Change(next.Spec.Customer, wrong, stored.IsRemoved ? null : right);
        }

        return written;
    }

    private async Task<bool> AddMissingEntryAsync()
    {
        try
        {
            await (Record is { IsRemoved: false } record ? AddEntryAsync(record) : Task.CompletedTask);
            _isEntryMissing = false;
            return true;
        }
        catch (Exception fault)
        {
            EntryFailed(fault);
            return false;
        }
    }

    private void EntryFailed(Exception fault)
    {
        storage.Metrics.StorageWriteFailed(fault);
        LogEntryNotWritten(fault, grain);
    }

    private void TellEnd(JobRecord record)
    {
        if (JobEntry.IsOf(record.Spec))
        {
            var ended = JobEntry.Of(record);
            storage.Index.Change(record.Spec.Customer, ended.ToUnfinished(), ended);
        }
    }

    /// <summary>What has come of a write that was not acknowledged, by the record that was read since.</summary>
    /// <param name="from">The record that is replaced; null to create one.</param>
    /// <param name="next">The record that replaces it, null to have none: as it was written, and then as it is to be written again.</param>
    /// <param name="etag">The ETag to write it under.</param>
    /// <returns><see cref="WriteOutcome.Unknown"/>: it was not stored, or is still under way.</returns>
    private WriteOutcome Compare(JobRecord? from, ref JobRecord? next, ref string? etag)
    {
        var changesWaiters = from is not null && next is not null && from.IsSameStepAs(next);
        if (Record is null ? next is null : next is not null && Record.IsSameStepAs(next) && (!changesWaiters || Record.Waiters == next.Waiters))
        {
            return WriteOutcome.Applied;
        }

        if (Record is { } stored)
        {
            if (from is null || !stored.IsSameStepAs(from) || (changesWaiters && stored.Waiters != from.Waiters))
            {
                return WriteOutcome.Superseded;
            }

            // Another activation may have stored who waits: that must not keep the job from its next step, and must not be lost with it.
            etag = _etag;
            next = next is null || stored.Waiters == from.Waiters ? next : next with { Waiters = stored.Waiters };
        }

        return WriteOutcome.Unknown;
    }

    private void Written(JobRecord? next, string? etag, ReadMark begun)
    {
        storage.Metrics.StorageWritten(storage.TimeProvider.GetElapsedTime(begun.At));
        Record = next;
        _etag = etag;
        _read = begun;
        _known = true;
    }

    private void WriteFailed(Exception fault)
    {
        storage.Metrics.StorageWriteFailed(fault);
        LogWriteFailed(fault, grain);
        _known = false;
    }

    /// <summary>Counts a step that is stored, and tells the index of it.</summary>
    /// <param name="from">The record before; null if it was created.</param>
    /// <param name="next">The record since; null if there is none.</param>
    /// <param name="isEntrySent">Whether the index was sent the entry before.</param>
    private void Count(JobRecord? from, JobRecord? next, bool isEntrySent)
    {
        if (from is { HasEnded: true })
        {
            storage.Bytes.Remove(from.Spec.Customer, from.Size, from.LastUpdate);
            storage.Bytes.Add(from.Spec.Customer, next?.Size ?? 0);
            if (JobEntry.IsOf(from.Spec))
            {
                storage.Index.Change(from.Spec.Customer, JobEntry.Of(from), null);
            }

            return;
        }

        storage.Bytes.Add(next!.Spec.Customer, next.Size - (from?.Size ?? 0));
        if (from is null)
        {
            storage.Metrics.JobSubmitted();
        }

        if (next.HasEnded)
        {
            storage.Metrics.JobEnded(next);
            if (!isEntrySent)
            {
                TellEnd(next);
            }
        }
    }
}
