using System.Diagnostics;

namespace SyncCluster.Scripts.Tests;

/// <summary>Which commands take the place of the shell that starts them.</summary>
public sealed class PlainCommandTests
{
    [Theory]
    [InlineData("sh %script%", "sh|/s|a b")]
    [InlineData("  sh\t-e '%script%' ", "sh|-e|/s|a b")]
    [InlineData("\"%script%\"", "/s|a b")]
    [InlineData("/usr/bin/python3 -u %script% --end", "/usr/bin/python3|-u|/s|a b|--end")]
    [InlineData("env", "env")]
    public void A_command_of_plain_words_needs_no_shell(string runas, string words) =>
        Assert.Equal(words, string.Join('|', PlainCommand.Words(runas, ["/s", "a b"])!));

    [Theory]
    [InlineData("")]
    [InlineData("A=1 sh %script%")]
    [InlineData("sh %script%; echo")]
    [InlineData("sh %script% | cat")]
    [InlineData("sh %script% >&2")]
    [InlineData("sh $HOME %script%")]
    [InlineData("sh ~/x %script%")]
    [InlineData("sh *.sh %script%")]
    [InlineData("sh 'a' %script%")]
    [InlineData("sh a\\b %script%")]
    [InlineData("sh --file=%script%")]
    [InlineData("sh {a,b} %script%")]
    [InlineData("sh %script% # why")]
    [InlineData("sh %script%\nsh")]
    [InlineData("! sh %script%")]
    [InlineData("exec sh %script%")]
    [InlineData(". %script%")]
    [InlineData("time sh %script%")]
    public void A_command_with_a_meaning_to_the_shell_needs_a_shell(string runas) => Assert.Null(PlainCommand.Words(runas, ["/s"]));

    [Fact]
    public async Task No_built_in_command_of_this_machines_shell_is_taken_for_a_program()
    {
        // The name of every program of this machine, and every reserved word and built-in command of bash, if it is installed.
        var names = await OutputAsync("sh", "ls /bin /usr/bin; bash -c 'compgen -bk' 2>/dev/null; true");
        var builtIn = await OutputAsync("sh", "PATH=/nowhere; for name; do case $(command -v -- \"$name\") in \"$name\") echo \"$name\" ;; esac; done", [.. names]);

        Assert.Contains("echo", builtIn);
        Assert.All(builtIn, name => Assert.Null(PlainCommand.Words($"{name} %script%", ["/s"])));
    }

    private static async Task<string[]> OutputAsync(string program, string text, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, ["-c", text, program, .. arguments]) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(name => !name.Contains('/', StringComparison.Ordinal)).Distinct()];
    }
}
