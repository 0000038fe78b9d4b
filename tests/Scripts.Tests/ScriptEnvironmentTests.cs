using System.Runtime.Versioning;

namespace SyncCluster.Scripts.Tests;

/// <summary>What a script finds in its environment without its task having said so.</summary>
[SupportedOSPlatform("linux")]
public sealed class ScriptEnvironmentTests
{
    [Fact]
    public async Task A_script_has_UTF_8_and_Python_prints_at_once()
    {
        using var scripts = new TestRunner();

        Assert.Equal("UTF-8 1\n", (await scripts.RunAsync("echo $(locale charmap) $PYTHONUNBUFFERED")).Log);
    }

    [Fact]
    public async Task A_task_has_the_last_word()
    {
        using var scripts = new TestRunner();
        var command = TestRunner.Command("echo $LANG:$PYTHONUNBUFFERED:") with
        {
            Environment = new Dictionary<string, string> { ["LANG"] = "POSIX", ["PYTHONUNBUFFERED"] = "" },
        };

        Assert.Equal("POSIX::\n", (await scripts.RunAsync(command)).Log);
    }

    [Fact]
    public async Task A_script_gets_the_variables_of_the_server_that_are_configured()
    {
        Environment.SetEnvironmentVariable("ZONE_OF_THE_SERVER", "Mars/$(true) \"1\"");
        using var scripts = new TestRunner(isolation: new() { PassedVariables = ["ZONE_OF_THE_SERVER", "NOT_SET_IN_THE_SERVER"] });

        var run = await scripts.RunAsync("echo \"$ZONE_OF_THE_SERVER\"; echo ${NOT_SET_IN_THE_SERVER-unset}");

        Assert.Equal("Mars/$(true) \"1\"\nunset\n", run.Log);
    }

    [Theory]
    [InlineData("de_DE.UTF-8", "de_DE.UTF-8")]
    [InlineData("de_DE.utf8@euro", "de_DE.utf8@euro")]
    [InlineData("de_DE", "C.UTF-8")]
    [InlineData("de_DE.ISO-8859-1", "C.UTF-8")]
    [InlineData("C", "C.UTF-8")]
    [InlineData("", "C.UTF-8")]
    [InlineData(null, "C.UTF-8")]
    public void The_servers_language_is_kept_if_it_has_UTF_8(string? server, string script) =>
        Assert.Equal(script, Compose(new() { ["LANG"] = server })["LANG"]);

    [Fact]
    public void What_is_configured_overrides_a_default_and_not_the_folder_of_a_script()
    {
        var variables = ScriptEnvironment.Compose(
            new Dictionary<string, string?> { ["PYTHONUNBUFFERED"] = "0", ["TMPDIR"] = "/server" }.GetValueOrDefault,
            ["PYTHONUNBUFFERED", "TMPDIR"],
            new Dictionary<string, string>(),
            new RunMarker(Guid.Empty, Guid.Empty),
            "/script");

        Assert.Equal(("0", "/script"), (variables["PYTHONUNBUFFERED"], variables["TMPDIR"]));
    }

    private static Dictionary<string, string> Compose(Dictionary<string, string?> server) => ScriptEnvironment.Compose(
        server.GetValueOrDefault, [], new Dictionary<string, string>(), new RunMarker(Guid.Empty, Guid.Empty), home: null);
}
