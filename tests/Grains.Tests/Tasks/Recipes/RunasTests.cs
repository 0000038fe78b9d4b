using SyncCluster.Tasks.Recipes;
namespace SyncCluster.Grains.Tests.Tasks.Recipes;

public sealed class RunasTests
{
    [Theory]
    [InlineData("%script%", "%script%")]
    [InlineData("node %script%", "node %script%")]
    [InlineData("node \"%script%\"", "node %script%")]
    [InlineData("node '%script%' 2>&1", "node %script% 2>&1")]
    [InlineData("sudo -u x bash %script%", "sudo -u x bash %script%")]
    [InlineData("(cd /tmp; node %script%)|cat", "(cd /tmp; node %script%)|cat")]
    [InlineData("FOO=\"a b\" node %script%", "FOO=\"a b\" node %script%")]
    [InlineData("echo \"\\\"\" ; node %script%", "echo \"\\\"\" ; node %script%")]
    [InlineData("echo '\\' ; node %script%", "echo '\\' ; node %script%")]
    [InlineData("echo \\\" ; node %script%", "echo \\\" ; node %script%")]
    [InlineData("node %script% || node %script%", "node %script% || node %script%")]
    public void The_script_is_a_word_of_the_command(string command, string expected)
    {
        Assert.True(Runas.TryNormalise(command, out var normal, out _));
        Assert.Equal(expected, normal);
    }

    [Theory]
    [InlineData("node", "does not say where the script goes")]
    [InlineData("", "does not say where the script goes")]
    [InlineData("%SCRIPT%", "does not say where the script goes")]
    [InlineData("bash -c \"node %script%\"", "inside quotes")]
    [InlineData("bash -c 'node %script%'", "inside quotes")]
    [InlineData("node %script% 'and %script%'", "inside quotes")]
    [InlineData("node \"\\\"%script%\"", "inside quotes")]
    [InlineData("node %script%.js", "glues")]
    [InlineData("node ./%script%", "glues")]
    [InlineData("node --in=\"%script%\"", "glues")]
    [InlineData("node %script%%script%", "glues")]
    [InlineData("node \\%script%", "does not say where the script goes")]
    [InlineData("node %script% \"", "never closed")]
    [InlineData("node %script% 'x", "never closed")]
    [InlineData("node \"x\\\" %script%", "never closed")]
    [InlineData("node %script%\0", "NUL")]
    public void A_command_that_would_read_arguments_as_text_is_refused(string command, string reason)
    {
        Assert.False(Runas.TryNormalise(command, out _, out var complaint));
        Assert.Contains(reason, complaint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_command_costs_no_more_than_its_length()
    {
        var command = string.Concat(Enumerable.Repeat("\"%script\" % ' ' ", 100_000)) + " %script%";

        Assert.True(Runas.TryNormalise(command, out _, out _));
    }
}
