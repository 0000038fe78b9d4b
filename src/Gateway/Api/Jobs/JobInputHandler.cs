using System.Text.Json;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Jobs;
using SyncCluster.Json;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Api.Jobs;

/// <summary>Shows the arguments of a job.</summary>
internal sealed class JobInputHandler(ITaskBackend backend, TaskCatalog catalog)
{
    public async Task<IResult> GetAsync(HttpContext http, string customer, string job)
    {
        if (!JobId.IsValid(job))
        {
            return Problems.NoSuchJob;
        }

        if (!(await backend.ReadAsync(new JobRequest(customer, job, http.GetCaller()), http.RequestAborted)).TryGet(out var view, out var problem))
        {
            return problem;
        }

        if (JobDocumentReader.Find(view.Document) is not { TaskId: { } id, Arguments: { } arguments })
        {
            return Problems.UnreadableDocument(job, JobLinks.Result(customer, job));
        }

        if (!http.Request.Query.ContainsKey("include_definitions"))
        {
            return new JobResponse(job, StatusCodes.Status200OK, arguments) { Source = view.Source };
        }

        var task = await catalog.FindAsync(customer, id);
        return new JobResponse(job, StatusCodes.Status200OK, JsonText.Write(json =>
        {
            json.WriteStartObject();
            json.WritePropertyName("task_arguments_values");
            json.WriteRawValue(arguments.Span, skipInputValidation: true);
            Write(json, task);
            json.WriteEndObject();
        }));
    }

    /// <param name="json">Where to.</param>
    /// <param name="task">Null: it was deleted since.</param>
    private static void Write(Utf8JsonWriter json, TaskDefinition? task)
    {
        if (task is null)
        {
            json.WriteNull("task");
            return;
        }

        json.WriteStartObject("task");
        TaskDocument.WriteArguments(json, task.Arguments);
        json.WriteEndObject();
    }
}
