using System.Diagnostics;
using SyncCluster.Jobs;

namespace SyncCluster.Telemetry;

/// <summary>
/// The spans of a call's trace, but for those of requests to others. Every one is started here. A span's parent is the context that is stored with the job:
/// the span of the request that has submitted it, at its gateway. A silo's own span would be a bad parent, since the spans of a killed silo are never
/// sent.
/// <para>
/// Nothing is done unless something listens. For a job whose call is not sampled, no more is done than a look at the flag of its context, and that this is
/// passed on to other systems.
/// </para>
/// </summary>
internal static class ServerTraces
{
    /// <summary>The name of the activity source.</summary>
    public const string SourceName = "SyncCluster";

    public const string JobTag = "synccluster.job.id";
    public const string CustomerTag = "synccluster.customer";
    public const string TaskTag = "synccluster.task.id";
    public const string StateTag = "synccluster.job.state";

    /// <summary>The length of a context as text, of the only version that there is.</summary>
    private const int ContextLength = 55;

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Whether anything listens, so that a trace is worth to be begun.</summary>
    public static bool HasListeners => Source.HasListeners();

    /// <summary>The context that a job keeps of the request that is handled now; null where nothing listens.</summary>
    public static string? CurrentParent => HasListeners && Activity.Current is { IdFormat: ActivityIdFormat.W3C } span ? span.Id : null;

    /// <summary>What comes with <see cref="CurrentParent"/> from the caller's own tracing.</summary>
    public static string? CurrentState => HasListeners && Activity.Current?.TraceStateString is { Length: > 0 } state ? state : null;

    /// <summary>Whether the span that is current is recorded, so that what describes it is worth the work.</summary>
    public static Activity? Recorded => Activity.Current is { IsAllDataRequested: true } span ? span : null;

    /// <summary>Starts the span of a request.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="parent">The caller's context, or that of a new trace.</param>
    public static Activity? StartRequest(string name, ActivityContext parent) => Source.StartActivity(name, ActivityKind.Server, parent);

    /// <summary>Starts a span of a job's trace; null if the job's call is not sampled.</summary>
    public static Activity? Start(string name, JobSpec spec) => Start(name, spec, default);

    /// <summary>Adds a span of a job's trace that has begun some time ago and ends now.</summary>
    public static void Add(string name, JobSpec spec, TimeSpan duration)
    {
        if (IsTraced(spec))
        {
            Start(name, spec, DateTimeOffset.UtcNow - duration)?.Dispose();
        }
    }

    /// <summary>Adds a span that has begun some time ago and ends now.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="parent">The context of its parent.</param>
    /// <param name="duration">How long it has taken.</param>
    /// <param name="hasFailed">Whether it has come to nothing.</param>
    public static void Add(string name, ActivityContext parent, TimeSpan duration, bool hasFailed)
    {
        if (parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded)
            && Source.StartActivity(name, ActivityKind.Producer, parent, startTime: DateTimeOffset.UtcNow - duration) is { } span)
        {
            span.SetStatus(hasFailed ? ActivityStatusCode.Error : ActivityStatusCode.Unset);
            span.Dispose();
        }
    }

    /// <summary>Starts a span below the one that is current; null if that one is not recorded, or there is none.</summary>
    public static Activity? StartChild(string name) => Recorded is null ? null : Source.StartActivity(name);

    /// <summary>
    /// Makes a job's context the current one, so that requests to other systems carry it also if the job's call is not sampled; null if the job has
    /// none.
    /// </summary>
    public static Activity? StartToPropagate(string name, JobSpec spec)
    {
        if (Start(name, spec) is { } span)
        {
            return span;
        }

        // Of no source, so that nothing records it.
        return TryParse(spec.TraceParent, spec.TraceState, out var parent)
            ? new Activity(name) { TraceStateString = parent.TraceState }.SetParentId(parent.TraceId, parent.SpanId, parent.TraceFlags).Start()
            : null;
    }

    /// <summary>Links the span of a request to the trace of the job that it was answered with, if that one is another.</summary>
    /// <param name="traceParent">The context that is stored with the job.</param>
    public static void LinkTo(string? traceParent)
    {
        if (Recorded is { } span && TryParse(traceParent, state: null, out var job) && job.TraceId != span.TraceId)
        {
            span.AddLink(new ActivityLink(job));
        }
    }

    private static Activity? Start(string name, JobSpec spec, DateTimeOffset startTime)
    {
        if (!IsTraced(spec)
            || !TryParse(spec.TraceParent, spec.TraceState, out var parent)
            || Source.StartActivity(name, ActivityKind.Internal, parent, startTime: startTime) is not { } span)
        {
            return null;
        }

        span.SetTag(JobTag, spec.JobId);
        span.SetTag(CustomerTag, spec.Customer);
        span.SetTag(TaskTag, spec.TaskId);
        return span;
    }

    private static bool IsTraced(JobSpec spec) =>
        HasListeners && spec.TraceParent is { Length: ContextLength } parent && (Hex(parent[^1]) & (int)ActivityTraceFlags.Recorded) != 0;

    private static bool TryParse(string? parent, string? state, out ActivityContext context)
    {
        context = default;
        return parent is not null && ActivityContext.TryParse(parent, state, isRemote: true, out context);
    }

    private static int Hex(char digit) => digit <= '9' ? digit - '0' : digit - 'a' + 10;
}
