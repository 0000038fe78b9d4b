using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.OpenApi;
using SyncCluster.Json;
using SyncCluster.Tasks;

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
            .RequireCredential<RecipeReader>(TaskEditor.Needed)
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
            .RequireCredential<RecipeReader>(TaskEditor.Needed)
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
        tasks.MapGet("/task", (HttpContext http, TaskCatalog catalog) => ListAsync(http, http.GetCaller().Caller.Customer, catalog))
            .WithName("ListTasksOfToken")
            .WithSummary("List the tasks of the token's customer")
            .WithDescription("The same for clients that send no customer in the path.")
            .RequireCredential(Credential.Viewer)
            .AcceptsParameters("sameCustomer")
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
            .RequireCredential(TaskEditor.Needed)
            .Audits(AuditedRoutes.Export)
            .ProducesAnswers(new ProducedAnswer("200", "The recipe", "Recipe", "recipe"))
            .ProducesProblems(ProblemExamples.NoSuchTask);
        tasks.MapPut("/{customer}/task/{task}/secret", RenewSecretAsync)
            .WithName("RenewTaskSecret")
            .WithSummary("Give a task another secret")
            .WithDescription("The new secret is shown here only. Calls with the one before are refused from then on; jobs that were called with it go on.")
            .RequireCredential(TaskEditor.Needed)
            .Audits(AuditedRoutes.RenewSecret)
            .ProducesAnswers(new ProducedAnswer("200", "The task, with its new secret", "Task", "imported"))
            .ProducesProblems(ProblemExamples.OtherOrigin, ProblemExamples.NoSuchTask);
        tasks.MapDelete("/{customer}/task/{task}", DeleteAsync)
            .WithName("DeleteTask")
            .WithSummary("Delete a task")
            .WithDescription("Jobs of it that wait for their turn end as failed; one that runs goes on.")
            .RequireCredential(TaskEditor.Needed)
            .Audits(AuditedRoutes.Delete)
            .ProducesAnswers(new ProducedAnswer("204", "It is deleted"))
            .ProducesProblems(ProblemExamples.OtherOrigin, ProblemExamples.NoSuchTask);
    }

    private static async Task<IResult> ImportAsync(HttpContext http, string customer, TaskEditor editor)
    {
        var sameName = http.Request.Query.ContainsKey("update") ? SameName.Update : SameName.Import;
        if (!(await editor.ImportAsync(http, customer, sameName)).TryGet(out var edited, out var problem))
        {
            return problem;
        }

        if (edited.Secret is null)
        {
            return Shown(edited);
        }

        http.Response.Headers.Location = $"/{customer}/task/{edited.Definition.Id}";
        return new JsonBytes(StatusCodes.Status201Created, TaskDocument.Render(edited.Definition, edited.Secret));
    }

    private static async Task<IResult> UpdateAsync(HttpContext http, string customer, string task, TaskEditor editor) =>
        (await editor.UpdateAsync(http, customer, task)).TryGet(out var edited, out var problem) ? Shown(edited) : problem;

    private static async Task<IResult> RenewSecretAsync(HttpContext http, string customer, string task, TaskEditor editor) =>
        (await editor.RenewSecretAsync(http, customer, task)).TryGet(out var edited, out var problem) ? Shown(edited) : problem;

    private static JsonBytes Shown(EditedTask edited) => new(StatusCodes.Status200OK, TaskDocument.Render(edited.Definition, edited.Secret));

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

    private static async Task<IResult> GetAsync(HttpContext http, string customer, string task, TaskEditor editor) =>
        (await editor.FindAsync(http, customer, task)).TryGet(out var found, out var problem)
            ? new JsonBytes(StatusCodes.Status200OK, TaskDocument.Render(found, null))
            : problem;

    private static async Task<IResult> GetSchemaAsync(HttpContext http, string customer, string task, TaskEditor editor) =>
        (await editor.FindAsync(http, customer, task)).TryGet(out var found, out var problem)
            ? new JsonBytes(StatusCodes.Status200OK, ArgumentSchema.Render(found))
            : problem;

    /// <summary>A recipe shows the task's environment: it is for administrators.</summary>
    private static async Task<IResult> ExportAsync(HttpContext http, string customer, string task, TaskEditor editor) =>
        (await editor.FindAsync(http, customer, task)).TryGet(out var found, out var problem)
            ? new JsonBytes(StatusCodes.Status200OK, await editor.ExportAsync(found))
            : problem;

    private static async Task<IResult> DeleteAsync(HttpContext http, string customer, string task, TaskEditor editor) =>
        await editor.DeleteAsync(http, customer, task) is { } problem ? problem : TypedResults.NoContent();
}
