using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace SyncCluster.WebConsole.Tests;

/// <summary>The form of a task, as somebody uses it who makes mistakes, or whose browser runs no scripts.</summary>
[Collection(SharedSite.Name)]
public sealed class TaskFormTests(ConsoleSite site)
{
    [BrowserFact]
    public async Task What_does_not_fit_is_said_beside_its_field_and_what_was_typed_stays()
    {
        await using var visit = await site.OpenAsync();
        visit.Expect("400");
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User, $"/console/tasks/{await ImportStrictAsync(visit)}");
        var address = page.Url;
        var (word, amount, settings) = (page.GetByLabel("word"), page.GetByLabel("amount"), page.GetByLabel("settings"));
        await word.FillAsync("Two words");
        await amount.FillAsync("many");
        await settings.FillAsync("{no");
        await RunAsync();
        await Expect(amount).ToHaveAccessibleDescriptionAsync("This must be a number, such as 4.5 or -2.");
        await Expect(settings).ToHaveAccessibleDescriptionAsync("JSON: put text in quotes. This must be JSON, such as \"text\", 4.5, [1, 2] or {\"a\": true}.");
        await Expect(page.GetByText("This must be a number")).ToBeVisibleAsync();
        await Expect(amount).ToBeFocusedAsync();

        // What is mended is marked no more, and then the server says what it thinks of the rest.
        await amount.FillAsync("4");
        await Expect(page.GetByText("This must be a number")).ToBeHiddenAsync();
        await settings.FillAsync("{}");
        await RunAsync();
        await Expect(word).ToHaveAccessibleDescriptionAsync("Argument 0 (word) must match ^[a-z]+$.");
        await Expect(word).ToHaveAttributeAsync("aria-invalid", "true");
        await Expect(word).ToBeFocusedAsync();
        await Expect(page.Locator("[aria-invalid]")).ToHaveCountAsync(1);
        Assert.Equal((address, "Two words", "4", "{}"), (page.Url, await word.InputValueAsync(), await amount.InputValueAsync(), await settings.InputValueAsync()));

        await word.FillAsync("one");
        await RunAsync();
        await Expect(page.Locator("#job-state")).ToHaveTextAsync("success");

        Task RunAsync() => page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
    }

    [BrowserFact]
    public async Task Without_JavaScript_pages_say_what_needs_it_and_a_job_is_canceled_all_the_same()
    {
        await using var visit = await site.OpenAsync(new() { JavaScriptEnabled = false });
        var page = visit.Page;
        await visit.SignInAsync(ConsoleSite.User, "/console/tasks/slow");
        await Expect(page.GetByText("needs JavaScript")).ToBeVisibleAsync();
        await AssertShownAsync(page, "Sign out");

        var called = await page.APIRequest.PostAsync("/acme/task/slow/job", new()
        {
            DataObject = new object[] { 300, "x" },
            Headers = new Dictionary<string, string> { ["Authorization"] = $"Bearer {ConsoleSite.User}", ["Prefer"] = "respond-async" },
        });
        await page.GotoAsync($"/console/jobs/{called.Headers["job-id"]}");
        await Expect(page.GetByText("needs JavaScript")).ToBeVisibleAsync();
        await Expect(page.GetByText("Loading")).ToBeHiddenAsync();
        await AssertShownAsync(page, "Sign out");
        await page.GetByRole(AriaRole.Link, new() { Name = "Cancel…" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel 1 job" }).ClickAsync();
        await Expect(page.Locator("#chosen-heading")).ToHaveTextAsync("Canceled: 1 of 1 job");
    }

    /// <summary>No other button is there: it would do nothing.</summary>
    private static async Task AssertShownAsync(IPage page, params string[] buttons) =>
        Assert.Equal(buttons, await page.GetByRole(AriaRole.Button).AllTextContentsAsync());

    private static async Task<string> ImportStrictAsync(Visit visit)
    {
        var imported = await visit.Page.APIRequest.PostAsync($"/acme/task/import", new()
        {
            DataObject = new
            {
                task = new
                {
                    name = "strict",
                    type = "dummy",
                    arguments = "strict",
                    task_arguments = new object[]
                    {
                        new { order = 0, type = "input", label = "word", pattern = "^[a-z]+$" },
                        new { order = 1, type = "number", label = "amount" },
                        new { order = 2, type = "json", label = "settings" },
                    },
                },
            },
            Headers = new Dictionary<string, string> { ["Authorization"] = $"Bearer {ConsoleSite.Admin}" },
        });
        return (await imported.JsonAsync())!.Value.GetProperty("id").GetString()!;
    }
}
