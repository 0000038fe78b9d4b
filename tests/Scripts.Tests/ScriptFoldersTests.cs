using System.Runtime.Versioning;
using SyncCluster.Scripts.Tests.Isolation;

namespace SyncCluster.Scripts.Tests;

/// <summary>The folder of all scripts, after somebody else has removed or replaced it.</summary>
[SupportedOSPlatform("linux")]
public sealed class ScriptFoldersTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Everybody = (UnixFileMode)0x1FF;
    private const int Stranger = 20003;

    private readonly TestRunner _scripts = new();

    private string Root => _scripts.Runner.Folders.Root;

    public void Dispose()
    {
        if (Directory.Exists(Root) && new DirectoryInfo(Root).LinkTarget is null)
        {
            NativeMethods.ChangeOwner(Root, NativeMethods.UserId);
        }
        else
        {
            File.Delete(Root);
        }

        _scripts.Dispose();
    }

    [Fact]
    public async Task It_is_closed_to_other_users()
    {
        await RunsAsync();

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Root));
    }

    [Fact]
    public async Task If_it_was_removed_it_comes_back_closed_to_other_users()
    {
        await RunsAsync();
        Directory.Delete(Root);

        await RunsAsync();

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Root));
    }

    [Fact]
    public async Task If_it_was_opened_it_is_closed_again()
    {
        await RunsAsync();
        File.SetUnixFileMode(Root, Everybody);

        await RunsAsync();

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Root));
    }

    [Fact]
    public async Task If_there_is_a_link_in_its_place_no_script_runs_and_nothing_is_written()
    {
        await RunsAsync();
        Directory.Delete(Root);
        var elsewhere = Directory.CreateDirectory(_scripts.Note("elsewhere")).FullName;
        Directory.CreateSymbolicLink(Root, elsewhere);

        await FailsAsync();

        Assert.Empty(Directory.EnumerateFileSystemEntries(elsewhere));
    }

    [UsersFact]
    public async Task If_another_users_folder_is_in_its_place_no_script_runs_and_nothing_is_written()
    {
        await RunsAsync();
        NativeMethods.ChangeOwner(Root, Stranger);

        await FailsAsync();

        Assert.Empty(Directory.EnumerateFileSystemEntries(Root));
    }

    [UsersFact]
    public async Task What_a_run_finds_in_its_place_at_its_end_is_left_alone()
    {
        var running = _scripts.RunAsync("pwd >$1; until [ -e $2 ]; do sleep 0.05; done", _scripts.Note("folder"), _scripts.Note("end"));
        await Eventually.Async(() => File.Exists(_scripts.Note("folder")) && File.ReadAllText(_scripts.Note("folder")).EndsWith('\n'));
        var folder = Path.GetFileName((await File.ReadAllTextAsync(_scripts.Note("folder"))).Trim());
        Directory.Move(Root, Root + "-moved");
        try
        {
            var kept = Directory.CreateDirectory(Path.Combine(Root, folder, "kept"));
            NativeMethods.ChangeOwner(Root, Stranger);
            await File.WriteAllTextAsync(_scripts.Note("end"), "");

            await running;

            Assert.True(Directory.Exists(kept.FullName));
        }
        finally
        {
            Directory.Delete(Root + "-moved", recursive: true);
        }
    }

    [UsersFact]
    public async Task Users_of_customers_may_pass_through_it_to_their_own()
    {
        var run = await _scripts.RunAsync(TestRunner.Command("cd $HOME && echo in") with { User = Stranger });

        Assert.Equal("in\n", run.Log);
        Assert.Equal(OwnerOnly | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute, File.GetUnixFileMode(Root));
    }

    private async Task RunsAsync() => Assert.Equal("ran\n", (await _scripts.RunAsync("echo ran")).Log);

    private async Task FailsAsync()
    {
        var run = await _scripts.RunAsync("echo ran");

        Assert.Equal((ScriptEnd.NotStarted, ""), (run.End, run.Log));
        Assert.Contains("temporary folder", run.Fault, StringComparison.Ordinal);
    }
}
