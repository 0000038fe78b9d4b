using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using SyncCluster.Jobs;
using SyncCluster.Json;
using SyncCluster.Telemetry;

namespace SyncCluster.Execution.Local;

/// <summary>The environment variables of a job's script, in addition to those of the server: the task's own and TheEye's.</summary>
internal static class JobEnvironment
{
    private const string Job = "THEEYE_JOB";
    private const string User = "THEEYE_JOB_USER";
    private const string Workflow = "THEEYE_JOB_WORKFLOW";
    private const string Organization = "THEEYE_ORGANIZATION_NAME";
    private const string Address = "THEEYE_API_URL";

    /// <summary>The first part of the names that are this server's own.</summary>
    private const string Own = "SYNCCLUSTER_";

    private static readonly FrozenSet<string> OfTheEye = FrozenSet.Create(StringComparer.Ordinal, Job, User, Workflow, Organization, Address);

    /// <summary>Whether the server sets the variable itself, so that no task may.</summary>
    public static bool IsReserved(string name) => OfTheEye.Contains(name) || name.StartsWith(Own, StringComparison.Ordinal);

    /// <param name="spec">The job.</param>
    /// <param name="token">The text of the run's <see cref="JobToken"/>.</param>
    /// <param name="now">The start of its script, by the clock that the job's times have.</param>
    /// <param name="machineNow">The same by the clock that the script sees.</param>
    public static Dictionary<string, string> Of(JobSpec spec, string token, DateTimeOffset now, DateTimeOffset machineNow) =>
        WithTrace(spec, Untraced(spec, token, now, machineNow));

    private static Dictionary<string, string> Untraced(JobSpec spec, string token, DateTimeOffset now, DateTimeOffset machineNow) => new(spec.Env)
    {
        [Own + "DEADLINE"] = JsonText.Iso(machineNow + TimeLeft(spec, now)),
        [JobToken.Variable] = token,
        [Job] = Json(json =>
        {
            json.WriteString("id", spec.JobId);
            json.WriteString("task_id", spec.TaskId);
        }),
        [User] = Json(json =>
        {
            json.WriteString("username", spec.User.Username);
            json.WriteString("email", spec.User.Email);
        }),
        [Workflow] = "{}",
        [Organization] = $"\"{JsonEncodedText.Encode(spec.Customer, JsonText.Encoder)}\"",
        [Address] = "\"\"",
    };

    /// <summary>The parent of what the script traces: the span of its run; of a call that is not sampled, that of its request.</summary>
    private static Dictionary<string, string> WithTrace(JobSpec spec, Dictionary<string, string> environment)
    {
        if ((ServerTraces.Recorded?.Id ?? spec.TraceParent) is { } parent)
        {
            environment["TRACEPARENT"] = parent;
            if (spec.TraceState is { } state)
            {
                environment["TRACESTATE"] = state;
            }
        }

        return environment;
    }

    /// <summary>Until the script will be killed, or until its caller stops waiting, if that is earlier.</summary>
    private static TimeSpan TimeLeft(JobSpec spec, DateTimeOffset now) =>
        spec.CallerWaitsUntil is { } waited && waited - now < spec.Timeout ? waited - now : spec.Timeout;

    private static string Json(Action<Utf8JsonWriter> members) => Encoding.UTF8.GetString(JsonText.Write(json =>
    {
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
    }));
}
