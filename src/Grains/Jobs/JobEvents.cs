using System.Diagnostics;
using Microsoft.Extensions.Logging;
using SyncCluster.Telemetry;

namespace SyncCluster.Jobs;

/// <summary>
/// What those who run the cluster see of each job: one line in the log when it is submitted, assigned and ended; its name on every line that is
/// logged on its behalf; and the parts of its trace.
/// </summary>
internal sealed partial class JobEvents(JobEventOptions options, ILogger<JobEvents> logger)
{
    /// <summary>Begins a part of a job's trace, whose log lines carry the job's name.</summary>
    public JobPart Begin(string name, JobSpec spec) => new(ServerTraces.Start(name, spec), BeginScope(spec));

    /// <summary>Has the lines that are logged until it is disposed of carry the job's name; null where no log has scopes.</summary>
    public IDisposable? BeginScope(JobSpec spec) => BeginScope(spec.Customer, spec.TaskId, spec.JobId);

    /// <inheritdoc cref="BeginScope(JobSpec)"/>
    public IDisposable? BeginScope(string? customer, string? task, string? job) =>
        options.HasScopes ? logger.BeginScope(new JobScope(customer, task, job)) : null;

    /// <summary>The job is stored and will be released.</summary>
    public void Submitted(JobSpec spec, Guid attempt) => LogSubmitted(options.Level, spec.JobId, spec.TaskId, spec.Customer, attempt);

    /// <summary>One run may start the job's script.</summary>
    public void Assigned(JobSpec spec, Guid run, SiloAddress silo) =>
        LogAssigned(options.Level, spec.JobId, spec.TaskId, spec.Customer, run, silo);

    /// <summary>The job's end is stored.</summary>
    public void Ended(JobRecord ended)
    {
        ServerTraces.Recorded?.SetTag(ServerTraces.StateTag, ended.State.WireName());
        LogEnded(options.Level, ended.Spec.JobId, ended.Spec.TaskId, ended.Spec.Customer, ended.Lifecycle, ended.State);
    }

    /// <summary>Ends both at its disposal.</summary>
    internal readonly struct JobPart(Activity? span, IDisposable? scope) : IDisposable
    {
        public void Dispose()
        {
            span?.Dispose();
            scope?.Dispose();
        }
    }
}

/// <summary>How jobs are logged.</summary>
internal sealed class JobEventOptions
{
    /// <summary>The level of the lines.</summary>
    public LogLevel Level { get; init; } = LogLevel.Debug;

    /// <summary>Whether the log shows scopes at all.</summary>
    public bool HasScopes { get; init; }
}
