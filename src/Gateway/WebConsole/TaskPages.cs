using System.Text.Json;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Api.Tasks;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Backends;
using SyncCluster.Jobs;
using SyncCluster.Jobs.Listing;
using SyncCluster.Json;
using SyncCluster.Tasks;
using SyncCluster.WebConsole;
using SyncCluster.WebConsole.Forms;
using SyncCluster.WebConsole.Pages;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>The tasks, and the form of each.</summary>
internal sealed class TaskPages(TaskCatalog catalog, TaskEditor editor, ITaskBackend backend, IGrainFactory grains, TimeProvider timeProvider)
{
    /// <summary>Calls of this time are counted in the list.</summary>
    private static readonly TimeSpan Counted = TimeSpan.FromHours(24);

    public static void Map(RouteGroupBuilder console)
    {
        console.MapGet("tasks", (HttpContext http, TaskPages pages) => pages.ListAsync(http)).IsPage(Credential.Viewer);
        console.MapGet("tasks/{task}", (HttpContext http, string task, TaskPages pages) => pages.ShowAsync(http, task)).IsPage(Credential.Viewer);
        console.MapPost(
                "api/tasks/{task}/job",
                (HttpContext http, string task, SyncCallHandler handler) => handler.RunAsync(http, http.GetCaller().Caller.Customer, task))
            .IsForScripts(Credential.User, AuditedRoutes.Run);
    }

    /// <summary>The tasks that a caller may see, by their names.</summary>
    public static async Task<IReadOnlyList<ListedTask>> ListedAsync(TaskCatalog catalog, Caller caller) =>
        [.. (await FindAsync(catalog, caller)).Select(Listed)];

    /// <summary>The list.</summary>
    /// <param name="http">The request.</param>
    /// <param name="refusal">Why the import that the request asks for was refused; null if it asks for none.</param>
    /// <param name="offersUpdate">Whether the form of an import begins with the choice to update the task of the recipe's name.</param>
    public async Task<IResult> ListAsync(HttpContext http, Problem? refusal = null, bool offersUpdate = false)
    {
        var caller = http.GetCaller().Caller;
        var tasks = (await FindAsync(catalog, caller)).ToArray();
        var activities = await SumUpAsync(caller, tasks);
        return http.Page<TasksPage>(
            refusal?.Status ?? StatusCodes.Status200OK,
            (nameof(TasksPage.Tasks), tasks.Select(task => Listed(task) with { Activity = ActivityOf(task, activities) }).ToArray()),
            (nameof(TasksPage.ShowsActivity), activities is not null),
            (nameof(TasksPage.Search), http.Request.Query["q"].ToString().Trim()),
            (nameof(TasksPage.MayEdit), caller.Credential >= TaskEditor.Needed),
            (nameof(TasksPage.Refusal), refusal?.Message),
            (nameof(TasksPage.OffersUpdate), offersUpdate),
            (nameof(TasksPage.Done), http.Request.Query["done"].ToString()));
    }

    /// <summary>A task.</summary>
    /// <param name="http">The request.</param>
    /// <param name="task">Its id or its name.</param>
    /// <param name="refusal">Why the change that the request asks for was refused; null if it asks for none.</param>
    public async Task<IResult> ShowAsync(HttpContext http, string task, Problem? refusal = null)
    {
        var caller = http.GetCaller();
        var customer = caller.Caller.Customer;
        if (!(await editor.FindAsync(http, customer, task)).TryGet(out var found, out var problem))
        {
            return problem;
        }

        var from = http.Request.Query["from"].ToString();
        using var earlier = JobId.IsValid(from) ? await ReadAsync(new(customer, from, caller), found.Id, http.RequestAborted) : null;
        JsonElement? values = earlier is not null && JsonText.TryGetMember(earlier.RootElement, "task_arguments_values", out var given) ? given : null;
        var shown = new ShownTask
        {
            Id = found.Id,
            Name = found.Name,
            Description = found.Description,
            Fields = TaskForm.FieldsOf(found, values),
            CallAddress = $"../{customer}/task/{found.Id}/job",
            Facts = [.. FactsOf(found)],
            NewestJobs = await JobListPages.NewestOfAsync(grains, caller.Caller, found.Id),
            EarlierJob = earlier is null ? null : from,
        };
        return http.Page<TaskPage>(
            refusal?.Status ?? StatusCodes.Status200OK,
            (nameof(TaskPage.Task), shown),
            (nameof(TaskPage.MayEdit), caller.Caller.Credential >= TaskEditor.Needed),
            (nameof(TaskPage.Refusal), refusal?.Message),
            (nameof(TaskPage.Done), http.Request.Query["done"].ToString()));
    }

    private static async Task<IEnumerable<TaskDefinition>> FindAsync(TaskCatalog catalog, Caller caller) =>
        (await catalog.ListAsync(caller.Customer)).Where(task => caller.IsAllowedBy(task.Acl)).OrderBy(task => task.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>What has become of the tasks' jobs; null while it can't be read: the list of tasks waits for nothing else.</summary>
    private async Task<TaskActivities?> SumUpAsync(Caller caller, TaskDefinition[] tasks)
    {
        try
        {
            return tasks.Length == 0 ? null : await grains.GetGrainByKey<IJobListGrain>(caller.Customer).SumUp(new()
            {
                Viewer = caller.Viewer,
                Tasks = [.. tasks.Select(task => new AskedTask(task.Id, task.Acl))],
                Since = timeProvider.GetUtcNow() - Counted,
            });
        }
        catch (Exception fault) when (fault.IsClusterFault())
        {
            return null;
        }
    }

    private static ShownActivity? ActivityOf(TaskDefinition task, TaskActivities? activities) =>
        activities?.Tasks.FirstOrDefault(activity => activity.TaskId == task.Id) is { } activity
            ? new(
                activity.LastState == JobState.InProgress ? "not ended" : activity.LastState.WireName(),
                activity.LastState switch { JobState.InProgress => "busy", JobState.Success => "good", _ => "bad" },
                activity.Calls,
                activity.Failures,
                activities.IsWhole)
            : null;

    private static ListedTask Listed(TaskDefinition task) =>
        new(task.Id, task.Name, task.Description, [.. task.Arguments.Where(argument => !argument.IsFixed).Select(argument => argument.Label)]);

    /// <summary>The document of a job of a task; null if there is none, or the caller may not see it.</summary>
    private async Task<JsonDocument?> ReadAsync(JobRequest request, string task, CancellationToken aborted) =>
        (await backend.ReadAsync(request, aborted)).TryGet(out var view, out _)
        && JobDocumentReader.Find(view.Document)?.TaskId == task
        && JsonText.TryParse(view.Document, out var document, JobDocumentReader.ReaderOptions.MaxDepth)
            ? document
            : null;

    private static IEnumerable<(string Name, string Value)> FactsOf(TaskDefinition task)
    {
        yield return ("Id", task.Id);
        yield return ("Time limit", Durations.Text(task.Timeout));
        if (task.Filename is { } file)
        {
            yield return ("Script", $"{file}, run as {task.Runas}");
        }

        if (!task.Multitasking)
        {
            yield return ("Jobs at once", "one in the whole cluster");
        }

        if (!task.Cancellable)
        {
            yield return ("Canceled by", "administrators only");
        }

        if (task.Acl.Length > 0)
        {
            yield return ("Who may run it", string.Join(", ", task.Acl));
        }
    }
}
