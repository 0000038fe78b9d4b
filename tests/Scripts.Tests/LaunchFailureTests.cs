namespace SyncCluster.Scripts.Tests;

/// <summary>Which failed starts may be repeated.</summary>
public sealed class LaunchFailureTests
{
    private const string Busy = "script_runas: 1: ./tool: Text file busy\n";

    [Theory]
    [InlineData("./tool %script%", 126, Busy, true)]
    [InlineData("./charge --amount 5; ./tool %script%", 126, Busy, false)]
    [InlineData("./tool %script%", 1, Busy, false)]
    [InlineData("./tool %script%", 126, "done\n" + Busy, false)]
    [InlineData("./tool %script%", 126, "script_runas: 1: ./tool: Permission denied\n", false)]
    public void A_script_is_started_again_only_if_nothing_can_have_run(string runas, int code, string log, bool isTransient) =>
        Assert.Equal(isTransient, LaunchFailure.IsTransient(Command(runas), code, log));

    private static ScriptCommand Command(string runas) => new()
    {
        JobId = "eb0166d31d0c56015d131f8f",
        Runas = runas,
        Filename = "script.sh",
        Script = default,
        Arguments = [],
        Environment = new Dictionary<string, string>(),
        Timeout = TimeSpan.FromMinutes(1),
        Started = _ => { },
    };
}
