using System.Text.Json;
using Microsoft.Extensions.Caching.Memory;
using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Waiting;
using SyncCluster.Hosting;
using SyncCluster.Json;
using SyncCluster.Settings;
using SyncCluster.Storage;

namespace SyncCluster.Gateway.Backends.TheEye;

/// <summary>
/// Reads how many of a task's newest jobs TheEye keeps. The task is read with the caller's token, and the answer counts for that token: a caller that
/// the task's access list refuses is never answered, and should not get as far as to keep others waiting.
/// </summary>
internal sealed class KeptJobsReader(SupervisorClient supervisor, ReloadedOptions<TheEyeOptions> options, TimeProvider timeProvider) : IDisposable
{
    /// <summary>Of a task that keeps all its jobs.</summary>
    public const int All = int.MaxValue;

    /// <summary>What TheEye keeps where a task does not say.</summary>
    private const int Default = 5;

    private const int MaxEntries = 100_000;
    private static readonly TimeSpan Validity = TimeSpan.FromSeconds(30);

    private readonly MemoryCache _known = new(new MemoryCacheOptions { SizeLimit = MaxEntries, Clock = new SystemClockAdapter(timeProvider) });

    /// <summary>How many jobs TheEye keeps of the task that is called, or why the call can't be made.</summary>
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    public async Task<Result<int>> FindAsync(TaskInvocation invocation, Deadline deadline, CancellationToken aborted)
    {
        var token = invocation.Caller?.Token ?? options.Value.ServiceTokens.GetValueOrDefault(invocation.Customer, "");
        var key = (Secret.KeyOf(token), invocation.Customer, invocation.Task);
        if (_known.TryGetValue(key, out int known))
        {
            return known;
        }

        TheEyeReply reply;
        try
        {
            reply = await deadline.WaitAsync(supervisor.TaskAsync(invocation.Customer, invocation.Task, token, aborted), aborted);
        }
        catch (TimeoutException)
        {
            reply = new TheEyeReply.Failed(TheEyeFault.Slow);
        }

        switch (reply)
        {
            case TheEyeReply.Failed when invocation.Secret is null:
                return Problems.TheEye.OfCreate(reply);

            // The creation says why, in TheEye's own words.
            case TheEyeReply.Refused when invocation.Secret is null:
                return Default;
        }

        // The service token may not see a task that its secret may run.
        var kept = reply is TheEyeReply.Ok ok ? KeptOf(ok.Body) : Default;
        using var entry = _known.CreateEntry(key);
        entry.Value = kept;
        entry.Size = 1;
        entry.AbsoluteExpirationRelativeToNow = Validity;
        return kept;
    }

    /// <inheritdoc/>
    public void Dispose() => _known.Dispose();

    /// <summary>TheEye deletes unless the setting is exactly false, and reads a limit that is no number above 0 as the default.</summary>
    private static int KeptOf(byte[] task)
    {
        if (!JsonText.TryParse(task, out var document))
        {
            return Default;
        }

        using (document)
        {
            var members = document.RootElement;
            return JsonText.TryGetMember(members, "autoremove_completed_jobs", out var deletes) && deletes.ValueKind == JsonValueKind.False ? All
                : JsonText.TryGetMember(members, "autoremove_completed_jobs_limit", out var limit)
                    && limit.ValueKind == JsonValueKind.Number && limit.TryGetInt32(out var kept) && kept > 0 ? kept
                : Default;
        }
    }
}
