package import KubernetesModel
package import XDB

/// How far an operation is, in a line.
package enum ProgressLine {
    /// The bar with its numbers.
    package static func text(_ progress: XDBOperation.Progress, barWidth: Int = 20) -> String {
        guard let percent = progress.percent else { return progress.summary }
        var parts = ["\(ProgressBar.text(percent: percent, width: barWidth)) \(percent) %"]
        if let done = progress.movesDone, let total = progress.movesTotal { parts.append("\(done) of \(total) moves") }
        let done = XDBOperation.Progress.text(progress.bytesDone)
        if let total = progress.bytesTotal, percent < 100 {
            parts.append("\(done) of \(XDBOperation.Progress.text(total))")
            if let rate = progress.bytesPerSecond { parts.append("\(XDBOperation.Progress.text(rate))/s") }
            if let rest = progress.remainingSeconds { parts.append("\(Phrase.remainder(rest)) left") }
        } else {
            parts.append(done)
        }
        return parts.joined(separator: ", ")
    }

    /// What is being done, with the bar while data are copied; one line, whatever the message says.
    package static func text(_ operation: XDBOperation, now: Time) -> String {
        let status = operation.status
        let age = status.startTime ?? operation.metadata.creationTimestamp
        var parts = ["\(operation.metadata.name): \(status.state?.rawValue ?? "not looked at yet")"]
        if let task = status.task { parts[0] += ", \(task)" }
        if !operation.isFinished { parts[0] += " (\(Phrase.age(since: age, now)))" }
        if let progress = operation.copying {
            parts.append(text(progress))
        } else if let message = status.message {
            parts.append(message)
        }
        return parts.joined(separator: ": ")
    }

    /// What a line is compared by where there is no terminal: everything but the numbers that change all the time.
    package static func stage(of operation: XDBOperation) -> String {
        let status = operation.status
        return [status.state?.rawValue, status.task, operation.copying == nil ? status.message : nil]
            .compactMap(\.self).joined(separator: " ")
    }
}

extension XDBOperation {
    /// How far a copy is; nil unless data are copied now.
    var copying: Progress? {
        status.task == XDBGroup.RebuildStep.copy.rawValue && !isFinished ? status.progress : nil
    }
}
