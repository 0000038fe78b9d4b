using Microsoft.AspNetCore.Http.HttpResults;
using SyncCluster.Gateway.Api.Tasks;
using SyncCluster.Gateway.Auth;
using SyncCluster.WebConsole.Pages;

namespace SyncCluster.Gateway.WebConsole;

/// <summary>Imports, updates, exports and deletes tasks, as the API does. The forms need no script.</summary>
internal static class TaskEditPages
{
    public static void Map(RouteGroupBuilder console)
    {
        console.MapPost("tasks/import", ImportAsync).IsPage(TaskEditor.Needed).TakesRecipe().Audits(AuditedRoutes.Import);
        console.MapPost("tasks/{task}/update", UpdateAsync).IsPage(TaskEditor.Needed).TakesRecipe().Audits(AuditedRoutes.Update);
        console.MapGet("tasks/{task}/recipe", ExportAsync).IsPage(TaskEditor.Needed).Audits(AuditedRoutes.Export);
        console.MapPost("tasks/{task}/secret", RenewSecretAsync).IsPage(TaskEditor.Needed).Audits(AuditedRoutes.RenewSecret);
        console.MapPost("tasks/{task}/delete", DeleteAsync).IsPage(TaskEditor.Needed).Audits(AuditedRoutes.Delete);
    }

    private static async Task<IResult> ImportAsync(HttpContext http, TaskEditor editor, TaskPages pages)
    {
        var isUpdate = false;
        if (await RecipeUpload.TakeAsync(http) is not { } problem)
        {
            isUpdate = http.Request.Form.ContainsKey("update");
            if ((await editor.ImportAsync(http, CustomerOf(http), isUpdate ? SameName.Update : SameName.Refuse)).TryGet(out var edited, out problem))
            {
                return edited.Secret is null ? SeeOther(http, $"tasks/{edited.Definition.Id}?done=updated") : Secret(http, edited, isNew: true);
            }
        }

        // What was right: the offer to update is taken by sending the file again.
        return await pages.ListAsync(http, problem, isUpdate || problem == Problems.TaskExists);
    }

    private static async Task<IResult> UpdateAsync(HttpContext http, string task, TaskEditor editor, TaskPages pages)
    {
        if (await RecipeUpload.TakeAsync(http) is not { } problem && (await editor.UpdateAsync(http, CustomerOf(http), task)).TryGet(out var edited, out problem))
        {
            return SeeOther(http, $"tasks/{edited.Definition.Id}?done=updated");
        }

        return await pages.ShowAsync(http, task, problem);
    }

    private static async Task<IResult> ExportAsync(HttpContext http, string task, TaskEditor editor) =>
        (await editor.FindAsync(http, CustomerOf(http), task)).TryGet(out var found, out var problem)
            ? TypedResults.File(await editor.ExportAsync(found), "application/json", $"{found.Name}.json")
            : problem;

    private static async Task<IResult> RenewSecretAsync(HttpContext http, string task, TaskEditor editor) =>
        (await editor.RenewSecretAsync(http, CustomerOf(http), task)).TryGet(out var edited, out var problem) ? Secret(http, edited, isNew: false) : problem;

    private static async Task<IResult> DeleteAsync(HttpContext http, string task, TaskEditor editor, TaskPages pages)
    {
        if (!http.Request.HasFormContentType || http.Request.Form["confirmed"] != "yes")
        {
            return await pages.ShowAsync(http, task, Problems.NotConfirmed);
        }

        return await editor.DeleteAsync(http, CustomerOf(http), task) is { } problem ? problem : SeeOther(http, "tasks?done=deleted");
    }

    /// <summary>The only page that has a secret. As all of the console's it is kept nowhere.</summary>
    private static RazorComponentResult<TaskSecretPage> Secret(HttpContext http, EditedTask edited, bool isNew) => http.Page<TaskSecretPage>(
        isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK,
        (nameof(TaskSecretPage.TaskId), edited.Definition.Id),
        (nameof(TaskSecretPage.TaskName), edited.Definition.Name),
        (nameof(TaskSecretPage.Secret), edited.Secret),
        (nameof(TaskSecretPage.IsNewTask), isNew));

    private static string CustomerOf(HttpContext http) => http.GetCaller().Caller.Customer;

    private static StatusCodeHttpResult SeeOther(HttpContext http, string path)
    {
        http.Response.Headers.Location = ConsolePaths.LocationOf(path);
        return TypedResults.StatusCode(StatusCodes.Status303SeeOther);
    }
}
