namespace SyncCluster.Scripts.Tests;

/// <summary>What the end of a process says.</summary>
public sealed class ExitStatusTests
{
    [Theory]
    [InlineData(0x0000, 0, null)]
    [InlineData(0x0300, 3, null)]
    [InlineData(0x8900, 137, null)]
    [InlineData(0xFF00, 255, null)]
    [InlineData(0x0009, null, "SIGKILL")]
    [InlineData(0x008B, null, "SIGSEGV")]
    [InlineData(0x000F, null, "SIGTERM")]
    [InlineData(0x0022, null, "SIG34")]
    public void A_process_has_an_exit_code_or_a_signal(int status, int? code, string? signal)
    {
        var read = ExitStatus.OfWait(status);

        Assert.Equal((code, signal), (read.Code, read.SignalName));
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(9, null)]
    [InlineData(127, null)]
    [InlineData(128, null)]
    [InlineData(129, "SIGHUP")]
    [InlineData(137, "SIGKILL")]
    [InlineData(143, "SIGTERM")]
    [InlineData(145, null)]
    [InlineData(159, "SIGSYS")]
    [InlineData(160, null)]
    [InlineData(255, null)]
    public void A_program_in_between_reports_a_signal_in_its_exit_code(int code, string? signal)
    {
        var status = new ExitStatus(code, null).ThroughWrapper();

        Assert.Equal((code, signal), (status.Code, status.SignalName));
    }
}
