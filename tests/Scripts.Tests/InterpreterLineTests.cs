using System.Runtime.Versioning;
using System.Text;

namespace SyncCluster.Scripts.Tests;

/// <summary>Scripts that an editor of Windows has saved.</summary>
[SupportedOSPlatform("linux")]
public sealed class InterpreterLineTests : IDisposable
{
    private const string Mark = "\uFEFF";

    private readonly TestRunner _scripts = new();

    public void Dispose() => _scripts.Dispose();

    [Theory]
    [InlineData("#!/bin/sh\r\necho ran\r\n", "%script%", "carriage return")]
    [InlineData("#! /bin/sh\r\n", "%script%", "carriage return")]
    [InlineData("#!/bin/sh\r", "\"%script%\"", "carriage return")]
    [InlineData("#!/usr/bin/env bash\r\n", "%script%", "carriage return")]
    [InlineData("#!/bin/sh\r\n", "true && %script%", "carriage return")]
    [InlineData("#!/usr/bin/env bash\r\n", "nice %script%", "carriage return")]
    [InlineData(Mark + "#!/usr/bin/env cat\necho ran\n", "%script%", "byte order mark")]
    [InlineData(Mark + "#!/bin/sh\r\necho ran\r\n", "%script%", "byte order mark")]
    public async Task A_script_that_the_system_cannot_run_is_not_run_and_the_reason_is_named(string script, string runas, string reason)
    {
        var run = await _scripts.RunAsync(TestRunner.Command(script) with { Runas = runas });

        Assert.Equal(ScriptEnd.NotStarted, run.End);
        Assert.Contains(reason, run.Fault, StringComparison.Ordinal);
        Assert.DoesNotContain("ran\n", run.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("#!/bin/sh\r\necho ran", "sh %script%")]
    [InlineData("#!/bin/sh\necho ran", "%script%")]
    [InlineData("#!/usr/bin/env -S sh\r\necho ran", "%script%")]
    [InlineData("echo ran", "%script%")]
    public async Task A_script_that_can_be_run_is(string script, string runas)
    {
        var run = await _scripts.RunAsync(TestRunner.Command(script) with { Runas = runas });

        Assert.Equal("ran", run.LastLine);
    }

    [Theory]
    [InlineData("#!/usr/bin/perl -w\r\n")]
    [InlineData("#!")]
    [InlineData("#!\n\r")]
    [InlineData(Mark)]
    [InlineData(Mark + "echo")]
    [InlineData("")]
    public void What_may_work_is_not_refused(string script) => Assert.Null(InterpreterLine.Fault("%script%", Encoding.UTF8.GetBytes(script)));
}
