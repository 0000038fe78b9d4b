using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Api.Jobs;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.OpenApi;
using SyncCluster.Gateway.Requests;
using SyncCluster.Hosting;
using SyncCluster.Jobs;
using SyncCluster.Json;
using SyncCluster.Tasks;
using SyncCluster.Tasks.Recipes;

namespace SyncCluster.Gateway.Api.Tasks;

/// <summary>Importing, reading and deleting tasks.</summary>
internal static class TasksApi
{
    public static Problem NotJson { get; } = new(StatusCodes.Status415UnsupportedMediaType, "Send the recipe as `Content-Type: application/json`.");

    public static Problem TooLargeForItsToken { get; } = new(
        StatusCodes.Status413PayloadTooLarge,
        "The body is too large to look for a token in it. Send the token as Authorization: Bearer …, or as ?access_token=….");

    public static void MapTasks(this IEndpointRouteBuilder routes)
    {
        var tasks = routes.MapGroup("").WithTags("Tasks").Refuses(Refusals.Cluster);
        tasks.MapPost("/{customer}/task/import", ImportAsync)
            .WithName("ImportTask")
            .WithSummary("Import a task")
            .WithDescription("""
                Makes a task of a recipe: one that TheEye or this server has exported, or your own. Its secret is shown here only. The token may also be
                sent as `access_token` beside `task` and `file`.
                """)
            .Needs(Credential.Admin)
            .TakesBody("Recipe")
            .Answers(new GivenAnswer("201", "The task, with its secret", "Task", "imported") { Headers = ["Location"] })
            .Refuses([Refusals.OtherOrigin, .. Refusals.Recipe]);
        tasks.MapGet("/{customer}/task", ListAsync)
            .WithName("ListTasks")
            .WithSummary("List the tasks")
            .WithDescription("The customer's tasks whose access list lets you in, in the order of their ids.")
            .Needs(Credential.Viewer)
            .Answers(new GivenAnswer("200", "The tasks", "Tasks", "tasks"));
        tasks.MapGet("/{customer}/task/{task}", GetAsync)
            .WithName("GetTask")
            .WithSummary("Show a task")
            .WithDescription("What may be known of a task: not its environment, its script or its secret.")
            .Needs(Credential.Viewer)
            .Answers(new GivenAnswer("200", "The task", "Task", "task"))
            .Refuses(Refusals.NoSuchTask, Refusals.NotOnTaskList);
        tasks.MapGet("/{customer}/task/{task}/recipe", ExportAsync)
            .WithName("ExportTask")
            .WithSummary("Export a task")
            .WithDescription("The recipe that makes the same task when it is imported. It has the task's environment and its script.")
            .Needs(Credential.Admin)
            .Answers(new GivenAnswer("200", "The recipe", "Recipe", "recipe"))
            .Refuses(Refusals.NoSuchTask);
        tasks.MapDelete("/{customer}/task/{task}", DeleteAsync)
            .WithName("DeleteTask")
            .WithSummary("Delete a task")
            .WithDescription("Jobs of it that wait for their turn end as failed; one that runs goes on.")
            .Needs(Credential.Admin)
            .Answers(new GivenAnswer("204", "It is deleted"))
            .Refuses(Refusals.OtherOrigin, Refusals.NoSuchTask);
    }

    private static async Task<IResult> ImportAsync(
        HttpContext http, string customer, AccessTokenAuthenticator gate, TaskCatalog catalog, IOptions<RequestLimits> limits, TimeProvider timeProvider)
    {
        var admission = await gate.AuthenticateAsync(http.Request, null, customer, Credential.Admin);
        if (admission is { Refusal: { } early, TokenGiven: true })
        {
            return early;
        }

        if (!http.Request.HasJsonContentType())
        {
            return admission.Refusal ?? NotJson;
        }

        ReadOnlyMemory<byte> body;
        try
        {
            // Who has not shown a token yet may send no more than a call.
            body = await RequestBody.ReadAsync(
                http.Request, admission.Caller is null ? Math.Min(limits.Value.Body, limits.Value.Import) : limits.Value.Import);
        }
        catch (BadHttpRequestException tooLarge) when (tooLarge.StatusCode == StatusCodes.Status413PayloadTooLarge && admission.Caller is null)
        {
            return TooLargeForItsToken;
        }

        var call = JsonPayload.Find(body) ?? default;
        if (call.Fault is not null)
        {
            return new Problem(StatusCodes.Status400BadRequest, call.Fault);
        }

        if (call.AccessToken is not null)
        {
            admission = await gate.AuthenticateAsync(http.Request, call.AccessToken, customer, Credential.Admin);
        }

        if (admission.Refusal is { } refusal)
        {
            return refusal;
        }

        var secret = Secret.New();
        switch (Recipe.TryParse(body, customer, JobId.New(), Secret.Hash(secret), timeProvider.GetUtcNow()))
        {
            case ParsedRecipe.Refused refused:
                return new Problem(refused.Status, refused.Message);
            case ParsedRecipe.Accepted accepted:
                await catalog.ImportAsync(accepted.Definition, accepted.Script);
                http.Response.Headers.Location = $"/{customer}/task/{accepted.Definition.Id}";
                return new JsonBytes(StatusCodes.Status201Created, TaskDocument.Render(accepted.Definition, secret));
            default:
                throw new InvalidOperationException("A recipe is accepted or refused.");
        }
    }

    private static async Task<IResult> ListAsync(HttpContext http, string customer, AccessTokenAuthenticator gate, TaskCatalog catalog)
    {
        var admission = await gate.AuthenticateAsync(http.Request, null, customer, Credential.Viewer);
        if (admission is not { Caller: { } caller })
        {
            return admission.Refusal!;
        }

        var tasks = await catalog.ListAsync(customer);
        return new JsonBytes(StatusCodes.Status200OK, JsonText.Write(json =>
        {
            json.WriteStartArray();
            foreach (var task in tasks.Where(task => caller.IsAllowedBy(task.Acl)))
            {
                json.WriteRawValue(TaskDocument.Render(task, null), skipInputValidation: true);
            }

            json.WriteEndArray();
        }));
    }

    private static async Task<IResult> GetAsync(HttpContext http, string customer, string task, AccessTokenAuthenticator gate, TaskCatalog catalog) =>
        await FindAsync(http, customer, task, Credential.Viewer, gate, catalog) switch
        {
            (_, { } refusal) => refusal,
            var (found, _) => new JsonBytes(StatusCodes.Status200OK, TaskDocument.Render(found!, null)),
        };

    /// <summary>A recipe shows the task's environment: for administrators.</summary>
    private static async Task<IResult> ExportAsync(HttpContext http, string customer, string task, AccessTokenAuthenticator gate, TaskCatalog catalog) =>
        await FindAsync(http, customer, task, Credential.Admin, gate, catalog) switch
        {
            (_, { } refusal) => refusal,
            var (found, _) => new JsonBytes(StatusCodes.Status200OK, Recipe.Export(found!, await catalog.ScriptAsync(found!))),
        };

    private static async Task<IResult> DeleteAsync(HttpContext http, string customer, string task, AccessTokenAuthenticator gate, TaskCatalog catalog)
    {
        var (_, refusal) = await FindAsync(http, customer, task, Credential.Admin, gate, catalog);
        if (refusal is not null)
        {
            return refusal;
        }

        return await catalog.DeleteAsync(customer, task) ? TypedResults.NoContent() : JobLinks.NoSuchTask;
    }

    private static async Task<(TaskDefinition? Task, Problem? Refusal)> FindAsync(
        HttpContext http, string customer, string task, Credential needed, AccessTokenAuthenticator gate, TaskCatalog catalog)
    {
        var admission = await gate.AuthenticateAsync(http.Request, null, customer, needed);
        if (admission is not { Caller: { } caller })
        {
            return (null, admission.Refusal);
        }

        if (!TaskId.IsValid(task) || await catalog.FindAsync(customer, task) is not { } found)
        {
            return (null, JobLinks.NoSuchTask);
        }

        return caller.IsAllowedBy(found.Acl)
            ? (found, null)
            : (null, AccessTokenAuthenticator.NotOnTaskList);
    }
}
