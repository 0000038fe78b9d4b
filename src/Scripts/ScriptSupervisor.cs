using System.Runtime.Versioning;

namespace SyncCluster.Scripts;

/// <summary>
/// Sees a script's process to its end. One whose time is over, or that is stopped, gets SIGTERM with its whole group, and SIGKILL after a grace. What
/// is left of the group after the end is killed in any case.
/// </summary>
/// <param name="killGrace">How long a group that got SIGTERM may clean up before it gets SIGKILL.</param>
/// <param name="time">The clock of the grace and the pauses.</param>
/// <param name="disposed">Canceled when the owner has killed every group and grants no grace.</param>
[SupportedOSPlatform("linux")]
internal sealed class ScriptSupervisor(TimeSpan killGrace, TimeProvider time, CancellationToken disposed)
{
    private static readonly TimeSpan KillTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan GroupCheck = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits until the script has ended by itself, or has ended after SIGTERM, or has to be killed.</summary>
    /// <param name="process">The script's process.</param>
    /// <param name="timeout">Canceled when the script's time is over.</param>
    /// <param name="stop">Canceled when the script is to be stopped.</param>
    /// <returns>How it ended, and the signal that was sent for it; SIGKILL is still to be sent.</returns>
    public async Task<(ScriptEnd End, string? Signal)> WaitForEndAsync(ScriptProcess process, CancellationToken timeout, CancellationToken stop)
    {
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(timeout, stop))
        {
            await ((Task)process.Exit).WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (disposed.IsCancellationRequested)
        {
            return (ScriptEnd.Stopped, "SIGKILL");
        }

        if (process.HasExited)
        {
            return (ScriptEnd.Exited, null);
        }

        var end = stop.IsCancellationRequested ? ScriptEnd.Stopped : ScriptEnd.TimedOut;
        NativeMethods.SignalGroup(process.Id, NativeMethods.Terminate);
        return (end, await EndsWithinGraceAsync(process) ? "SIGTERM" : "SIGKILL");
    }

    /// <summary>
    /// Kills what is left of a script's group. False: its process has not ended even so. That of another user can't be killed, and one whose disk does
    /// not answer takes its time.
    /// </summary>
    public async Task<bool> KillGroupAsync(ScriptProcess process)
    {
        if (process.HasExited)
        {
            // Its own number may be another process' by now. A group's number stays taken as long as a process is left in it.
            NativeMethods.Signal(-process.Id, NativeMethods.Kill);
        }
        else
        {
            NativeMethods.SignalGroup(process.Id, NativeMethods.Kill);
        }

        await ((Task)process.Exit).WaitAsync(KillTime, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return process.Exit.IsCompleted;
    }

    /// <summary>
    /// Whether the whole group ends within its grace. Its leader alone will not do: a shell that leads it dies of SIGTERM while its script may still
    /// clean up.
    /// </summary>
    private async Task<bool> EndsWithinGraceAsync(ScriptProcess process)
    {
        using var grace = new CancellationTokenSource(killGrace, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(grace.Token, disposed);
        await ((Task)process.Exit).WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (!either.IsCancellationRequested)
        {
            if (!NativeMethods.Exists(-process.Id))
            {
                return true;
            }

            await Task.Delay(GroupCheck, time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return false;
    }
}
