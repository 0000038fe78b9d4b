using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.WebConsole;

/// <summary>The pages of tasks: what administrators change there, over HTTP and without a script, as a browser sends its forms.</summary>
public sealed class TaskPageTests(TaskPageTests.Server server) : IClassFixture<TaskPageTests.Server>, IDisposable
{
    private const int Limit = 100_000;
    private const string Markup = "<script>alert(1)</script>";

    private readonly Browser _browser = new(server.Http.BaseAddress!);

    public void Dispose() => _browser.Dispose();

    [Fact]
    public async Task A_recipe_is_imported_by_its_file_and_its_secret_is_shown_once()
    {
        await SignInAsync(TestServer.Admin);
        Assert.Contains("id=\"import\"", (await _browser.OpenAsync("/console/tasks")).Html, StringComparison.Ordinal);
        var imported = await ImportAsync(Recipe("by file", "echo '[\"from a file\"]'"));
        Assert.Equal((HttpStatusCode.Created, "no-store"), (imported.Status, imported.Headers["Cache-Control"]));
        var (task, secret) = (TaskOf(imported), SecretOf(imported));
        using var run = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/secret/{secret}/job", token: null, "[]");
        Assert.Equal("[\"from a file\"]", await run.Content.ReadAsStringAsync());
        foreach (var path in (string[])["tasks", $"tasks/{task}", $"tasks/{task}/recipe"])
        {
            Assert.DoesNotContain(secret, (await _browser.OpenAsync($"/console/{path}")).Html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_recipe_whose_name_is_taken_changes_nothing_until_an_update_is_asked_for()
    {
        await SignInAsync(TestServer.Admin);
        var task = TaskOf(await ImportAsync(Recipe("taken", "echo '[1]'")));
        var refused = await ImportAsync(Recipe("taken", "echo '[2]'"));
        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.All(["role=\"alert\"", "There is a task of this name already", "name=\"update\" value=\"yes\" checked"], text =>
            Assert.Contains(text, refused.Html, StringComparison.Ordinal));
        Assert.Equal("[\"1\"]", await RunAsync(task));
        var updated = await ImportAsync(Recipe("taken", "echo '[2]'"), ("update", "yes"));
        Assert.Equal((HttpStatusCode.SeeOther, $"/console/tasks/{task}?done=updated"), (updated.Status, updated.Location));
        Assert.Contains("role=\"status\"", (await _browser.OpenAsync(updated.Location!)).Html, StringComparison.Ordinal);
        Assert.Equal("[\"2\"]", await RunAsync(task));
    }

    [Theory]
    [InlineData("{\"task\":", HttpStatusCode.BadRequest)]
    [InlineData("{\"task\":{\"name\":\"flow\",\"type\":\"workflow\"}}", HttpStatusCode.UnprocessableEntity)]
    [InlineData("", HttpStatusCode.BadRequest)]
    public async Task A_file_that_is_no_recipe_is_refused_with_what_is_wrong(string content, HttpStatusCode status)
    {
        await SignInAsync(TestServer.Admin);
        var refused = await ImportAsync(content);
        Assert.Equal(status, refused.Status);
        Assert.Contains("<details class=\"card\" id=\"import\" open", refused.Html, StringComparison.Ordinal);

        // The reason is in the form, where the browser goes.
        Assert.Contains("role=\"alert\"", refused.Html.Split("action=\"tasks/import#import\"")[1], StringComparison.Ordinal);
        using var api = await server.SendAsync(HttpMethod.Post, "/acme/task/import", TestServer.Admin, content);
        if (content.Length > 0)
        {
            // The API's own words.
            var message = JsonNode.Parse(await api.Content.ReadAsStringAsync())!["message"]!.GetValue<string>();
            Assert.Contains(WebUtility.HtmlEncode(message), WebUtility.HtmlEncode(WebUtility.HtmlDecode(refused.Html)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_file_that_is_too_large_is_refused_and_one_that_is_as_large_as_the_API_takes_is_not()
    {
        await SignInAsync(TestServer.Admin);
        var large = await ImportAsync(Recipe("large", $"echo '[]' # {new string('x', 70_000)}"));
        Assert.Equal(HttpStatusCode.Created, large.Status);
        foreach (var length in (int[])[Limit + 1, 2 * Limit])
        {
            var tooLarge = await ImportAsync(new string(' ', length));
            Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "text/html; charset=utf-8"), (tooLarge.Status, tooLarge.Headers["Content-Type"]));
            Assert.Contains("larger than this server takes", tooLarge.Html, StringComparison.Ordinal);
            Assert.DoesNotContain("Payload", tooLarge.Html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_mark_that_an_editor_puts_before_the_recipe_does_no_harm()
    {
        await SignInAsync(TestServer.Admin);
        var imported = await _browser.UploadAsync("/console/tasks/import", "recipe", [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Recipe("marked", "echo '[]'"))]);
        Assert.Equal(HttpStatusCode.Created, imported.Status);
    }

    [Fact]
    public async Task The_list_says_how_the_jobs_of_each_task_fare()
    {
        await SignInAsync(TestServer.User);
        var (good, bad, none) = (await NamedAsync("fares well", "echo '[]'"), await NamedAsync("fares badly", "exit 1"), await NamedAsync("fares not", ":"));
        await RunAsync(good);
        await RunAsync(bad);
        await RunAsync(bad);
        var list = await _browser.OpenAsync("/console/tasks");
        Assert.Equal(("success", "1 call in 24 h"), ActivityOf(good));
        Assert.Equal(("failure", "2 calls in 24 h, 2 failed"), ActivityOf(bad));
        Assert.Equal(("", "no jobs"), ActivityOf(none));

        (string State, string Calls) ActivityOf(string task)
        {
            var row = list.Html.Split($"href=\"tasks/{task}\"")[1].Split("</a>")[0];
            return (TextIn(row, "<span class=\"state"), TextIn(row, "<small>"));
        }

        static string TextIn(string row, string begin) => row.Split(begin) is [_, var rest] ? rest[(begin.EndsWith('>') ? 0 : rest.IndexOf('>') + 1)..].Split('<')[0] : "";

        async Task<string> NamedAsync(string name, string script) =>
            (await server.ImportAsync(script, task: new { name, exit_code_decides = true }))["id"]!.ToString();
    }

    [Theory]
    [InlineData("by NAME", true)]
    [InlineData("whom it greets", true)]
    [InlineData("something else", false)]
    public async Task Tasks_are_found_by_what_they_and_their_arguments_are_called(string search, bool isFound)
    {
        await SignInAsync(TestServer.User);
        var task = (await server.ImportAsync(
            "echo '[]'", task: new { name = "found by name", task_arguments = new[] { new { order = 0, type = "input", label = "whom it greets" } } }))["id"]!.ToString();
        var list = (await _browser.OpenAsync($"/console/tasks?q={Uri.EscapeDataString(search)}")).Html;
        Assert.Equal(isFound, !list.Split($"href=\"tasks/{task}\"")[0].Split("<li")[^1].Contains("hidden", StringComparison.Ordinal));
        Assert.Equal(isFound, list.Contains("id=\"tasks-none\" hidden", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_failed_jobs_of_a_task_are_a_click_away()
    {
        await SignInAsync(TestServer.User);
        var task = (await server.ImportAsync("exit 1", task: new { name = "fails at times", exit_code_decides = true }))["id"]!.ToString();
        await RunAsync(task);
        Assert.Contains($"href=\"jobs?task={task}&amp;state=failed\"", (await _browser.OpenAsync($"/console/tasks/{task}")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_is_exported_as_the_API_exports_it_and_updated_by_its_file()
    {
        await SignInAsync(TestServer.Admin);
        var task = (await server.ImportAsync("echo '[\"before\"]'", task: new { name = "out and in", env = new { KEY = "of-the-env" } }))["id"]!.ToString();
        var page = await _browser.OpenAsync($"/console/tasks/{task}");
        Assert.DoesNotContain("of-the-env", page.Html, StringComparison.Ordinal);
        var recipe = await _browser.OpenAsync($"/console/tasks/{task}/recipe");
        using var api = await server.SendAsync(HttpMethod.Get, $"/acme/task/{task}/recipe", TestServer.Admin);
        Assert.Equal(await api.Content.ReadAsStringAsync(), recipe.Html);
        Assert.Equal(("no-store", "application/json"), (recipe.Headers["Cache-Control"], recipe.Headers["Content-Type"]));
        Assert.StartsWith("attachment; filename=\"out and in.json\"", recipe.Headers["Content-Disposition"], StringComparison.Ordinal);

        var changed = JsonNode.Parse(recipe.Html)!;
        changed["file"]!["data"] = Convert.ToBase64String("echo '[\"after\"]'"u8.ToArray());
        changed["file"]!.AsObject().Remove("md5");
        var updated = await _browser.UploadAsync($"/console/tasks/{task}/update", "recipe", Encoding.UTF8.GetBytes(changed.ToJsonString()));
        Assert.Equal((HttpStatusCode.SeeOther, $"/console/tasks/{task}?done=updated"), (updated.Status, updated.Location));
        Assert.Equal("[\"after\"]", await RunAsync(task));

        var refused = await _browser.UploadAsync($"/console/tasks/{task}/update", "recipe", "[]"u8.ToArray());
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Contains("role=\"alert\"", refused.Html.Split("id=\"edit\"")[1], StringComparison.Ordinal);
        Assert.Contains($"action=\"tasks/{task}/update#edit\"", refused.Html, StringComparison.Ordinal);
        Assert.Equal("[\"after\"]", await RunAsync(task));
    }

    [Fact]
    public async Task A_new_secret_is_shown_once_and_takes_the_place_of_the_old_one()
    {
        await SignInAsync(TestServer.Admin);
        var task = await server.ImportAsync("echo '[]'");
        var renewed = await _browser.SubmitAsync($"/console/tasks/{task["id"]}/secret");
        Assert.Equal((HttpStatusCode.OK, "no-store"), (renewed.Status, renewed.Headers["Cache-Control"]));
        foreach (var (secret, status) in (IEnumerable<(string, HttpStatusCode)>)[(SecretOf(renewed), HttpStatusCode.OK), ($"{task["secret"]}", HttpStatusCode.Unauthorized)])
        {
            using var run = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task["id"]}/secret/{secret}/job", token: null, "[]");
            Assert.Equal(status, run.StatusCode);
        }

        Assert.DoesNotContain(SecretOf(renewed), (await _browser.OpenAsync($"/console/tasks/{task["id"]}")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_is_deleted_only_when_that_is_confirmed()
    {
        await SignInAsync(TestServer.Admin);
        var task = (await server.ImportAsync("echo '[]'", task: new { name = "soon gone" }))["id"]!.ToString();
        var refused = await _browser.SubmitAsync($"/console/tasks/{task}/delete");
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Equal(HttpStatusCode.OK, (await _browser.OpenAsync($"/console/tasks/{task}")).Status);
        var deleted = await _browser.SubmitAsync($"/console/tasks/{task}/delete", ("confirmed", "yes"));
        Assert.Equal((HttpStatusCode.SeeOther, "/console/tasks?done=deleted"), (deleted.Status, deleted.Location));
        var list = await _browser.OpenAsync(deleted.Location!);
        Assert.Contains("The task is deleted", list.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("soon gone", list.Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await _browser.OpenAsync($"/console/tasks/{task}")).Status);
    }

    [Fact]
    public async Task Who_may_not_change_tasks_is_shown_no_way_to_and_is_refused()
    {
        var task = (await server.ImportAsync("echo '[1]'", task: new { name = "not yours" }))["id"]!.ToString();
        foreach (var token in (string[])[TestServer.User, TestServer.Viewer])
        {
            await SignInAsync(token);
            var (list, page) = (await _browser.OpenAsync("/console/tasks"), await _browser.OpenAsync($"/console/tasks/{task}"));
            Assert.All([list, page], shown => Assert.DoesNotContain("type=\"file\"", shown.Html, StringComparison.Ordinal));
            Assert.All(["/recipe", "/delete", "/secret", "/update"], path => Assert.DoesNotContain($"tasks/{task}{path}", page.Html, StringComparison.Ordinal));
            Assert.Equal(HttpStatusCode.Forbidden, (await _browser.OpenAsync($"/console/tasks/{task}/recipe")).Status);
            Assert.Equal(HttpStatusCode.Forbidden, (await _browser.SubmitAsync($"/console/tasks/{task}/secret")).Status);
            Assert.Equal(HttpStatusCode.Forbidden, (await _browser.SubmitAsync($"/console/tasks/{task}/delete", ("confirmed", "yes"))).Status);
            Assert.Equal(HttpStatusCode.Forbidden, (await ImportAsync(Recipe("not yours", "echo '[2]'"), ("update", "yes"))).Status);
            Assert.Equal(
                HttpStatusCode.Forbidden,
                (await _browser.UploadAsync($"/console/tasks/{task}/update", "recipe", Encoding.UTF8.GetBytes(Recipe("not yours", "echo '[2]'")))).Status);
        }

        Assert.Equal("[\"1\"]", await RunAsync(task));
        using var stranger = new Browser(server.Http.BaseAddress!);
        await stranger.SignInAsync(TestServer.Stranger);
        await stranger.OpenAsync("/console/tasks");
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.SubmitAsync($"/console/tasks/{task}/delete", ("confirmed", "yes"))).Status);
    }

    [Fact]
    public async Task What_no_page_has_sent_changes_no_task()
    {
        await SignInAsync(TestServer.Admin);
        var task = (await server.ImportAsync("echo '[1]'", task: new { name = "kept" }))["id"]!.ToString();
        _browser.FormToken = null;
        foreach (var path in (string[])["secret", "delete"])
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await _browser.SubmitAsync($"/console/tasks/{task}/{path}", ("confirmed", "yes"))).Status);
            _browser.FormToken = null;
        }

        Assert.Equal(HttpStatusCode.BadRequest, (await ImportAsync(Recipe("of another site", "echo '[2]'"))).Status);
        _browser.FormToken = null;
        var update = await _browser.UploadAsync($"/console/tasks/{task}/update", "recipe", Encoding.UTF8.GetBytes(Recipe("kept", "echo '[2]'")));
        Assert.Equal(HttpStatusCode.BadRequest, update.Status);
        Assert.Equal("[\"1\"]", await RunAsync(task));
        Assert.DoesNotContain("of another site", (await _browser.OpenAsync("/console/tasks")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_that_is_sent_after_the_session_has_ended_leads_to_the_sign_in_and_then_to_a_page()
    {
        using var none = new Browser(server.Http.BaseAddress!);
        var refused = await none.SubmitAsync("/console/tasks/x/delete");
        Assert.Equal((HttpStatusCode.Found, "/console/sign-in"), (refused.Status, refused.Location));
    }

    [Fact]
    public async Task What_a_recipe_says_is_text_also_where_it_is_imported()
    {
        await SignInAsync(TestServer.Admin);
        var imported = await ImportAsync(Recipe(Markup, "echo '[]'"));
        var page = await _browser.OpenAsync($"/console/tasks/{TaskOf(imported)}");
        Assert.All([imported, page], shown =>
        {
            Assert.DoesNotContain("<script>", shown.Html, StringComparison.Ordinal);
            Assert.Contains("&lt;script&gt;", shown.Html, StringComparison.Ordinal);
            Assert.DoesNotContain(" style=", shown.Html, StringComparison.Ordinal);
        });
    }

    private static string Recipe(string name, string script) => new JsonObject
    {
        ["task"] = new JsonObject { ["name"] = name, ["type"] = "script", ["script_runas"] = "sh %script%", ["task_arguments"] = new JsonArray() },
        ["file"] = new JsonObject { ["filename"] = "script.sh", ["data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(script)) },
    }.ToJsonString();

    private static string TaskOf(Page imported) => imported.Html.Split("class=\"crumbs\"")[1].Split("href=\"tasks/")[1].Split('"')[0];

    private static string SecretOf(Page page) => page.Html.Split("<pre id=\"secret\"")[1].Split('>')[1].Split('<')[0];

    private async Task SignInAsync(string token)
    {
        await _browser.SignInAsync(token);
        await _browser.OpenAsync("/console/tasks");
    }

    private Task<Page> ImportAsync(string recipe, params (string Name, string Value)[] fields) =>
        _browser.UploadAsync("/console/tasks/import", "recipe", Encoding.UTF8.GetBytes(recipe), fields);

    private async Task<string> RunAsync(string task)
    {
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", TestServer.Admin, "[]");
        return await response.Content.ReadAsStringAsync();
    }

    public sealed class Server : TestServer
    {
        protected override string[] Settings => [$"--Limits:Import={Limit}"];
    }
}
