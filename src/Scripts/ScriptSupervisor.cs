using System.Runtime.Versioning;

namespace SyncCluster.Scripts;

/// <summary>
/// Supervises the process of a script until it has ended. At the timeout, or when the script is stopped, its whole group gets SIGTERM, and SIGKILL
/// after a grace period. What is left of the group after the end is killed in any case.
/// </summary>
/// <param name="killGrace">How long a group that got SIGTERM may clean up before it gets SIGKILL.</param>
/// <param name="time">The clock of the grace period and the pauses.</param>
/// <param name="disposed">Canceled when the owner kills every group without a grace period.</param>
[SupportedOSPlatform("linux")]
internal sealed class ScriptSupervisor(TimeSpan killGrace, TimeProvider time, CancellationToken disposed)
{
    private static readonly TimeSpan KillTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan GroupCheck = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits until the script has ended by itself, has ended after SIGTERM, or has to be killed.</summary>
    /// <param name="process">The script's process.</param>
    /// <param name="timeout">Canceled at the script's timeout.</param>
    /// <param name="stop">Canceled when the script is to be stopped.</param>
    /// <returns>How the script ended, and the signal that ended it. SIGKILL is still to be sent, by <see cref="KillGroupAsync"/>.</returns>
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
    /// Kills what is left of a script's group. False: the process has not ended in time. A process of another user can't be killed, and one that
    /// waits for a disk ends late.
    /// </summary>
    public async Task<bool> KillGroupAsync(ScriptProcess process)
    {
        if (process.HasExited)
        {
            // Another process may have its id by now. The id of a group stays taken as long as a process is left in the group.
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
    /// Whether the whole group ends within the grace period. The end of its leader is not enough: a shell that leads the group dies of SIGTERM while
    /// its script may still clean up.
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
