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
    [InlineData("node", "node %script%")]
    [InlineData("sudo -u x bash", "sudo -u x bash %script%")]
    [InlineData("bash -c 'x'", "bash -c 'x' %script%")]
    public void A_command_with_the_script_as_a_separate_word_is_accepted(string command, string expected)
    {
        Assert.True(Runas.TryNormalize(command, out var normal, out _));
        Assert.Equal(expected, normal);
    }

    [Theory]
    [InlineData("bash -c \"node %script%\"", "inside quotes")]
    [InlineData("bash -c 'node %script%'", "inside quotes")]
    [InlineData("node %script% 'and %script%'", "inside quotes")]
    [InlineData("node \"\\\"%script%\"", "inside quotes")]
    [InlineData("node %script%.js", "joins")]
    [InlineData("node ./%script%", "joins")]
    [InlineData("node --in=\"%script%\"", "joins")]
    [InlineData("node %script%%script%", "joins")]
    [InlineData("node \\%script%", "does not use %script%")]
    [InlineData("node \"", "never closed")]
    [InlineData("node %script% \"", "never closed")]
    [InlineData("node %script% 'x", "never closed")]
    [InlineData("node \"x\\\" %script%", "never closed")]
    [InlineData("node %script%\0", "NUL")]
    public void A_command_that_would_parse_the_arguments_again_is_refused(string command, string reason)
    {
        Assert.False(Runas.TryNormalize(command, out _, out var error));
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_command_is_read_in_linear_time()
    {
        var command = string.Concat(Enumerable.Repeat("\"%script\" % ' ' ", 100_000)) + " %script%";

        Assert.True(Runas.TryNormalize(command, out _, out _));
    }
}
