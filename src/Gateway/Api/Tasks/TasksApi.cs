using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.OpenApi;
using SyncCluster.Hosting;
using SyncCluster.Hosting.Auditing;
using SyncCluster.Jobs;
using SyncCluster.Json;
using SyncCluster.Tasks;
using SyncCluster.Tasks.Recipes;

namespace SyncCluster.Gateway.Api.Tasks;

/// <summary>Importing, updating, reading and deleting tasks.</summary>
internal static class TasksApi
{
    public static void MapTasksApi(this IEndpointRouteBuilder routes)
    {
        var tasks = routes.MapGroup("").WithTags("Tasks").ProducesProblems(ProblemExamples.Cluster);
        tasks.MapPost("/{customer}/task/import", ImportAsync)
            .WithName("ImportTask")
            .WithSummary("Import a task")
            .WithDescription("""
                Makes a task of a recipe: one that TheEye or this server has exported, or your own. Its secret is shown here only. The token may also be
                sent as `access_token` beside `task` and `file`.

                With `update`, the task of that name is updated instead, if there is one.
                """)
            .RequireCredential<RecipeReader>(Credential.Admin)
            .Audits(AuditedRoutes.Import)
            .AcceptsBody("Recipe")
            .AcceptsParameters("update")
            .ProducesAnswers(
                new("200", "With `update`: the task was there, and is updated", "Task"),
                new("201", "The task, with its secret", "Task", "imported") { Headers = ["Location"] })
            .ProducesProblems([ProblemExamples.OtherOrigin, ProblemExamples.SeveralTasks, .. ProblemExamples.Recipe]);
        tasks.MapPut("/{customer}/task/{task}", UpdateAsync)
            .WithName("UpdateTask")
            .WithSummary("Update a task")
            .WithDescription("""
                Makes the task what the recipe says; its id and its secret stay. The next call runs the new version. Jobs that were called before, those that
                wait for their turn as well, go on with the version that they were called with.
                """)
            .RequireCredential<RecipeReader>(Credential.Admin)
            .Audits(AuditedRoutes.Update)
            .AcceptsBody("Recipe")
            .ProducesAnswers(new ProducedAnswer("200", "The task", "Task", "updated"))
            .ProducesProblems([ProblemExamples.OtherOrigin, ProblemExamples.NoSuchTask, .. ProblemExamples.Recipe]);
        tasks.MapGet("/{customer}/task", ListAsync)
            .WithName("ListTasks")
            .WithSummary("List the tasks")
            .WithDescription("The customer's tasks whose access list lets you in, in the order of their ids.")
            .RequireCredential(Credential.Viewer)
            .ProducesAnswers(new ProducedAnswer("200", "The tasks", "Tasks", "tasks"));
        tasks.MapGet("/{customer}/task/{task}", GetAsync)
            .WithName("GetTask")
            .WithSummary("Show a task")
            .WithDescription("What may be known of a task: not its environment, its script or its secret.")
            .RequireCredential(Credential.Viewer)
            .ProducesAnswers(new ProducedAnswer("200", "The task", "Task", "task"))
            .ProducesProblems(ProblemExamples.NoSuchTask, ProblemExamples.NotOnTaskList);
        tasks.MapGet("/{customer}/task/{task}/schema", GetSchemaAsync)
            .WithName("GetTaskSchema")
            .WithSummary("Show what a call of a task looks like")
            .WithDescription("""
                A JSON Schema (draft 2020-12) of a call's body, made of the definitions of the task's arguments. A call is held against it only where the task, or
                the server, has `arguments=strict`.
                """)
            .RequireCredential(Credential.Viewer)
            .ProducesAnswers(new ProducedAnswer("200", "The schema", "CallSchema", "schema"))
            .ProducesProblems(ProblemExamples.NoSuchTask, ProblemExamples.NotOnTaskList);
        tasks.MapGet("/{customer}/task/{task}/recipe", ExportAsync)
            .WithName("ExportTask")
            .WithSummary("Export a task")
            .WithDescription("The recipe that makes the same task when it is imported. It has the task's environment and its script.")
            .RequireCredential(Credential.Admin)
            .Audits(AuditedRoutes.Export)
            .ProducesAnswers(new ProducedAnswer("200", "The recipe", "Recipe", "recipe"))
            .ProducesProblems(ProblemExamples.NoSuchTask);
        tasks.MapDelete("/{customer}/task/{task}", DeleteAsync)
            .WithName("DeleteTask")
            .WithSummary("Delete a task")
            .WithDescription("Jobs of it that wait for their turn end as failed; one that runs goes on.")
            .RequireCredential(Credential.Admin)
            .Audits(AuditedRoutes.Delete)
            .ProducesAnswers(new ProducedAnswer("204", "It is deleted"))
            .ProducesProblems(ProblemExamples.OtherOrigin, ProblemExamples.NoSuchTask);
    }

    private static async Task<IResult> ImportAsync(
        HttpContext http, string customer, RecipeReader recipes, TaskCatalog catalog, TimeProvider timeProvider)
    {
        var secret = Secret.New();
        if (!(await ParseAsync(http, customer, JobId.New(), Secret.Hash(secret), recipes, timeProvider)).TryGet(out var recipe, out var problem))
        {
            return problem;
        }

        if (http.Request.Query.ContainsKey("update"))
        {
            var named = (await catalog.ListAsync(customer)).Where(task => task.Name == recipe.Definition.Name).Take(2).ToArray();
            if (named.Length > 1)
            {
                return Problems.SeveralTasks;
            }

            if (named is [var task])
            {
                http.Features.Set(new AuditedTask(task.Id));
                return await ReplaceAsync(task.Id, recipe, catalog);
            }
        }

        await catalog.ImportAsync(recipe.Definition, recipe.Script);
        http.Features.Set(new AuditedTask(recipe.Definition.Id));
        http.Response.Headers.Location = $"/{customer}/task/{recipe.Definition.Id}";
        return new JsonBytes(StatusCodes.Status201Created, TaskDocument.Render(recipe.Definition, secret));
    }

    private static async Task<IResult> UpdateAsync(
        HttpContext http, string customer, string task, RecipeReader recipes, TaskCatalog catalog, TimeProvider timeProvider)
    {
        if (!(await FindAsync(http, customer, task, catalog)).TryGet(out _, out var problem)
            || !(await ParseAsync(http, customer, task, secretHash: [], recipes, timeProvider)).TryGet(out var recipe, out problem))
        {
            return problem;
        }

        return await ReplaceAsync(task, recipe, catalog);
    }

    private static async Task<IResult> ReplaceAsync(string id, ParsedRecipe.Accepted recipe, TaskCatalog catalog) =>
        await catalog.UpdateAsync(recipe.Definition with { Id = id }, recipe.Script) is { } updated
            ? new JsonBytes(StatusCodes.Status200OK, TaskDocument.Render(updated, null))
            : Problems.NoSuchTask;

    private static async Task<Result<ParsedRecipe.Accepted>> ParseAsync(
        HttpContext http, string customer, string id, byte[] secretHash, RecipeReader recipes, TimeProvider timeProvider)
    {
        if (!(await recipes.ReadAsync(http)).TryGet(out var body, out var problem))
        {
            return problem;
        }

        return Recipe.TryParse(body.Json, customer, id, secretHash, timeProvider.GetUtcNow()) switch
        {
            ParsedRecipe.Accepted accepted => accepted,
            ParsedRecipe.Refused refused => Problems.InvalidRecipe(refused.Status, refused.Message),
            _ => throw new InvalidOperationException("A recipe is accepted or refused."),
        };
    }

    private static async Task<IResult> ListAsync(HttpContext http, string customer, TaskCatalog catalog)
    {
        var caller = http.GetCaller().Caller;
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

    private static async Task<IResult> GetAsync(HttpContext http, string customer, string task, TaskCatalog catalog) =>
        (await FindAsync(http, customer, task, catalog)).TryGet(out var found, out var problem)
            ? new JsonBytes(StatusCodes.Status200OK, TaskDocument.Render(found, null))
            : problem;

    private static async Task<IResult> GetSchemaAsync(HttpContext http, string customer, string task, TaskCatalog catalog) =>
        (await FindAsync(http, customer, task, catalog)).TryGet(out var found, out var problem)
            ? new JsonBytes(StatusCodes.Status200OK, ArgumentSchema.Render(found))
            : problem;

    /// <summary>A recipe shows the task's environment: it is for administrators.</summary>
    private static async Task<IResult> ExportAsync(HttpContext http, string customer, string task, TaskCatalog catalog) =>
        (await FindAsync(http, customer, task, catalog)).TryGet(out var found, out var problem)
            ? new JsonBytes(StatusCodes.Status200OK, Recipe.Export(found, await catalog.ScriptAsync(found)))
            : problem;

    private static async Task<IResult> DeleteAsync(HttpContext http, string customer, string task, TaskCatalog catalog)
    {
        if (!(await FindAsync(http, customer, task, catalog)).TryGet(out var found, out var problem))
        {
            return problem;
        }

        return await catalog.DeleteAsync(customer, found.Id) ? TypedResults.NoContent() : Problems.NoSuchTask;
    }

    private static async Task<Result<TaskDefinition>> FindAsync(HttpContext http, string customer, string task, TaskCatalog catalog)
    {
        if (!TaskId.IsValid(task) || await catalog.FindAsync(customer, task) is not { } found)
        {
            return Problems.NoSuchTask;
        }

        return http.GetCaller().Caller.IsAllowedBy(found.Acl) ? found : Problems.NotOnTaskList;
    }
}
