using System.Text.Json;
using SyncCluster.Cluster.Tests.Calls;
using SyncCluster.Harness.Processes;
using SyncCluster.TheEye;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>Clients whose jobs TheEye runs.</summary>
internal sealed class TheEyeClients(TheEyeCluster cluster) : ScenarioClients(cluster, TheEyeCluster.CallerToken)
{
    /// <summary>A part of the answer where TheEye has created the job, or may have, and it was not released.</summary>
    private const string NothingWasRun = "othing was run";

    public Call Call(Server gateway, TheEyeTask task) =>
        Start(gateway, gateway, $"/{TheEyeCluster.Customer}/task/{task.Id}/job?full", runsScript: true, id => [id]);

    protected override Outcome Judge(Call call, int status, string body)
    {
        if (!JsonDocumentOf(body, out var document))
        {
            return Outcome.Wrong;
        }

        using (document)
        {
            if (document.RootElement.TryGetProperty("message", out var text) && text.GetString() is { } message)
            {
                return status == 502 && message.Contains("autoremove_completed_jobs", StringComparison.Ordinal) ? Outcome.Removed
                    : status is 502 or 503 or 504 && message.Contains(NothingWasRun, StringComparison.Ordinal) ? Outcome.Refused
                    : Outcome.Wrong;
            }

            return (status, document.RootElement.GetProperty("lifecycle").GetString()) switch
            {
                (200, "finished") when document.RootElement.GetProperty("output").GetRawText() == $"[\"{call.Id}\"]" => Outcome.Right,
                (500, "canceled") => Outcome.Canceled,
                _ => Outcome.Wrong,
            };
        }
    }

    private static bool JsonDocumentOf(string body, out JsonDocument document)
    {
        try
        {
            document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            document = null!;
            return false;
        }
    }
}
