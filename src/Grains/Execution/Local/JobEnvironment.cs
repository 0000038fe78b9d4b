using System.Text;
using System.Text.Json;
using SyncCluster.Jobs;
using SyncCluster.Json;

namespace SyncCluster.Execution.Local;

/// <summary>The environment variables of a job's script, in addition to those of the server: the task's own and TheEye's.</summary>
internal static class JobEnvironment
{
    /// <param name="spec">The job.</param>
    /// <param name="token">The text of the run's <see cref="JobToken"/>.</param>
    /// <param name="now">The start of its script, by the clock that the job's times have.</param>
    /// <param name="machineNow">The same by the clock that the script sees.</param>
    public static Dictionary<string, string> Of(JobSpec spec, string token, DateTimeOffset now, DateTimeOffset machineNow) => new(spec.Env)
    {
        ["SYNCCLUSTER_DEADLINE"] = JsonText.Iso(machineNow + TimeLeft(spec, now)),
        [JobToken.Variable] = token,
        ["THEEYE_JOB"] = Json(json =>
        {
            json.WriteString("id", spec.JobId);
            json.WriteString("task_id", spec.TaskId);
        }),
        ["THEEYE_JOB_USER"] = Json(json =>
        {
            json.WriteString("username", spec.User.Username);
            json.WriteString("email", spec.User.Email);
        }),
        ["THEEYE_JOB_WORKFLOW"] = "{}",
        ["THEEYE_ORGANIZATION_NAME"] = $"\"{JsonEncodedText.Encode(spec.Customer, JsonText.Encoder)}\"",
        ["THEEYE_API_URL"] = "\"\"",
    };

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
