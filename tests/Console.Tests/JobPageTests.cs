using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SyncCluster.WebConsole.Tests;

/// <summary>The pages of a task and of a job, used by hand.</summary>
[Collection(SharedSite.Name)]
public sealed class JobPageTests(ConsoleSite site)
{
    static JobPageTests() => SetDefaultExpectTimeout(60_000);

    [BrowserFact]
    public async Task The_log_is_searched_with_the_keyboard_and_each_hit_is_shown()
    {
        await using var visit = await site.OpenAsync();
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User);
        await page.GotoAsync($"/console/jobs/{await RunAsync("""
            seq 1000
            printf 'a \033[1;31mNee\033[0mdle [x]\n'
            seq 1001 20000
            echo 'needle and needle'
            """)}");
        await Expect(page.Locator("#log-note")).ToHaveTextAsync("20,002 lines");
        var (field, count) = (page.GetByRole(AriaRole.Searchbox, new() { Name = "Search the log" }), page.Locator("#find-count"));
        await field.FillAsync("needle");
        await Expect(count).ToHaveTextAsync("1 of 3");
        Assert.Equal("Needle", await FoundAsync());
        await field.PressAsync("Enter");
        await Expect(count).ToHaveTextAsync("2 of 3");
        Assert.Equal("needle", await FoundAsync());
        await field.PressAsync("Shift+Enter");
        await field.PressAsync("Shift+Enter");
        await Expect(count).ToHaveTextAsync("3 of 3");
        Assert.Equal("needle", await FoundAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Next hit" }).ClickAsync();
        await Expect(count).ToHaveTextAsync("1 of 3");
        Assert.Equal("Needle", await FoundAsync());
        await field.FillAsync("[x]");
        await Expect(count).ToHaveTextAsync("1 of 1");
        Assert.Equal("[x]", await FoundAsync());
        await field.FillAsync("<b>");
        await Expect(count).ToHaveTextAsync("not found");
        await field.FillAsync("1");
        await Expect(count).ToHaveTextAsync("1 of 10,000+");
        await field.FillAsync("");
        await Expect(count).ToHaveTextAsync("");
        Assert.Equal(0, await page.EvaluateAsync<int>("CSS.highlights.size"));

        // The hit that is marked, once it is in view.
        async Task<string> FoundAsync()
        {
            var found = await page.WaitForFunctionAsync("""
                () => {
                  const [range] = CSS.highlights.get('found-now')
                  const [place, frame] = [range.getBoundingClientRect(), document.getElementById('log').getBoundingClientRect()]
                  return place.height > 0 && place.top >= frame.top - 1 && place.bottom <= frame.bottom + 1 && range.toString()
                }
                """);
            return await found.JsonValueAsync<string>();
        }
    }

    [BrowserFact]
    public async Task What_comes_later_is_found_as_well()
    {
        await using var visit = await site.OpenAsync();
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User);
        await page.GotoAsync($"/console/jobs/{await RunAsync("echo first hit; sleep 5; echo second hit")}");
        await Expect(page.Locator("#log")).ToContainTextAsync("first hit");
        await page.GetByRole(AriaRole.Searchbox, new() { Name = "Search the log" }).FillAsync("hit");
        await Expect(page.Locator("#find-count")).ToHaveTextAsync("1 of 2");
    }

    [BrowserFact]
    public async Task A_recipe_is_imported_updated_and_deleted_without_JavaScript()
    {
        await using var visit = await site.OpenAsync(new() { JavaScriptEnabled = false });
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.Admin);
        await page.GetByText("Import a task").ClickAsync();
        await page.GetByLabel("Recipe").SetInputFilesAsync(FileOf("by hand", "of yesterday"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Import", Exact = true }).ClickAsync();
        await Expect(page.Locator("#secret")).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^[A-Za-z0-9_-]{40,}$"));
        await page.GetByRole(AriaRole.Link, new() { Name = "To the task" }).ClickAsync();
        await Expect(page.GetByText("of yesterday")).ToBeVisibleAsync();

        await page.GetByText("Update it").ClickAsync();
        await page.GetByLabel("Recipe").SetInputFilesAsync(FileOf("by hand", "of today"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Update", Exact = true }).ClickAsync();
        await Expect(page.GetByText("The task is updated")).ToBeVisibleAsync();
        await Expect(page.GetByText("of today")).ToBeVisibleAsync();
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "Export its recipe" }).ClickAsync());
        Assert.Equal("by hand.json", download.SuggestedFilename);

        await page.GetByText("Delete it").ClickAsync();
        await page.GetByLabel("Delete by hand").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete the task" }).ClickAsync();
        await Expect(page.GetByText("The task is deleted")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { NameRegex = new("^by hand") })).ToHaveCountAsync(0);

        static FilePayload FileOf(string name, string description) => new()
        {
            Name = "recipe.json",
            MimeType = "application/json",
            Buffer = JsonSerializer.SerializeToUtf8Bytes(new { task = new { name, description, type = "dummy" } }),
        };
    }

    /// <summary>Runs a script; the job's id.</summary>
    private async Task<string> RunAsync(string script)
    {
        using var http = new HttpClient { BaseAddress = site.Address };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ConsoleSite.Admin);
        http.DefaultRequestHeaders.Add("Prefer", "respond-async");
        using var imported = await http.PostAsync("/acme/task/import", Json(new
        {
            task = new { name = "searched", type = "script", script_runas = "sh %script%", task_arguments = Array.Empty<object>() },
            file = new { filename = "script.sh", data = Convert.ToBase64String(Encoding.UTF8.GetBytes(script)) },
        }));
        var task = JsonDocument.Parse(await imported.Content.ReadAsStringAsync()).RootElement.GetProperty("id").GetString();
        using var started = await http.PostAsync($"/acme/task/{task}/job", Json(Array.Empty<object>()));
        return Assert.Single(started.Headers.GetValues("Job-Id"));

        static StringContent Json(object content) => new(JsonSerializer.Serialize(content), Encoding.UTF8, "application/json");
    }
}
