using System.Text;
using System.Text.Json;
using SyncCluster.Jobs;
using SyncCluster.Json;

namespace SyncCluster.Execution.Local;

/// <summary>What a script finds in its environment beside the few variables of the server: the task's own and TheEye's.</summary>
internal static class JobEnvironment
{
    public static Dictionary<string, string> Of(JobSpec spec) => new(spec.Env)
    {
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

    private static string Json(Action<Utf8JsonWriter> members) => Encoding.UTF8.GetString(JsonText.Write(json =>
    {
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
    }));
}
